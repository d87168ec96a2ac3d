/** DHCP for IPv4 (RFC 2131, options of RFC 2132): who asked, what it calls itself, what it was given. */
import { formatIpv4, formatMac } from './address.ts'
import { readI32 } from './packet.ts'

const OPTIONS_AT = 240
const MAGIC = 0x63825363
const OPTION = { pad: 0, router: 3, hostName: 12, messageType: 53, vendorClass: 60, end: 255 } as const
const ACKNOWLEDGED = 5

export interface DhcpMessage {
  readonly fromServer: boolean
  /** The client's. */
  readonly mac: string
  /** What the server has just acknowledged, or what the client says it has. */
  readonly address: string | undefined
  readonly hostName: string | undefined
  readonly vendorClass: string | undefined
  readonly router: string | undefined
}

export function readDhcp(bytes: Uint8Array, at: number, end: number): DhcpMessage | undefined {
  if (end - at < OPTIONS_AT || readI32(bytes, at + 236) !== MAGIC) return undefined
  const isEthernet = bytes[at + 1] === 1 && bytes[at + 2] === 6
  const operation = bytes[at]!
  if (!isEthernet || operation < 1 || operation > 2) return undefined
  const fromServer = operation === 2
  let hostName: string | undefined
  let vendorClass: string | undefined
  let router: string | undefined
  let messageType = 0
  for (let option = at + OPTIONS_AT; option < end; ) {
    const code = bytes[option]!
    if (code === OPTION.end) break
    if (code === OPTION.pad) {
      option++
      continue
    }
    const value = option + 2
    const valueEnd = value + (bytes[option + 1] ?? 0)
    if (value > end || valueEnd > end) break
    if (code === OPTION.hostName) hostName = text(bytes, value, valueEnd)
    else if (code === OPTION.vendorClass) vendorClass = text(bytes, value, valueEnd)
    else if (code === OPTION.messageType && valueEnd > value) messageType = bytes[value]!
    else if (code === OPTION.router && valueEnd - value >= 4) router = formatIpv4(readI32(bytes, value))
    option = valueEnd
  }
  const word = readI32(bytes, at + (fromServer ? 16 : 12))
  const hasAddress = word !== 0 && (!fromServer || messageType === ACKNOWLEDGED)
  return {
    fromServer,
    mac: formatMac(bytes, at + 28),
    address: hasAddress ? formatIpv4(word) : undefined,
    hostName,
    vendorClass,
    router: fromServer ? router : undefined,
  }
}

function text(bytes: Uint8Array, from: number, to: number): string {
  let out = ''
  for (let at = from; at < to; at++) out += String.fromCharCode(bytes[at]!)
  return out
}
