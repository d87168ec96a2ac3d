/** Writes small captures for tests: frames by hand, in pcap or pcapng of any kind. */

export interface Frame {
  readonly micros: number
  readonly bytes: Uint8Array
  /** Length on the wire; that of `bytes` if not given. */
  readonly wire?: number
}

export interface Segment {
  readonly micros: number
  /** `10.0.0.1:1000` or `[fd00::1]:1000`. */
  readonly from: string
  readonly to: string
  /** Letters of F S R P A U E C. */
  readonly flags?: string
  /** Payload, or its length in zeros. */
  readonly payload?: Uint8Array | string | number
  readonly window?: number
  readonly sequence?: number
}

const FLAGS = 'FSRPAUEC'
export const MAC_A = [2, 0, 0, 0, 0, 1]
export const MAC_B = [2, 0, 0, 0, 0, 2]

export function tcp(segment: Segment): Frame {
  const payload = payloadBytes(segment.payload)
  let flags = 0
  for (const letter of segment.flags ?? 'A') flags |= 1 << FLAGS.indexOf(letter)
  const { sequence = 0, window = 1000 } = segment
  const header = [...u16(port(segment.from)), ...u16(port(segment.to)), ...u32(sequence), ...u32(0)]
  header.push(0x50, flags, ...u16(window), 0, 0, 0, 0)
  return ip(segment, 6, [...header, ...payload])
}

export function udp(segment: Segment): Frame {
  const payload = payloadBytes(segment.payload)
  const header = [...u16(port(segment.from)), ...u16(port(segment.to)), ...u16(8 + payload.length), 0, 0]
  return ip(segment, 17, [...header, ...payload])
}

export function icmp(message: Segment & { type: number; code: number }): Frame {
  const payload = payloadBytes(message.payload)
  return ip(message, isV6(message.from) ? 58 : 1, [message.type, message.code, 0, 0, 0, 0, 0, 0, ...payload])
}

/** Any IP packet in an Ethernet frame. */
export function ip(
  packet: Pick<Segment, 'micros' | 'from' | 'to'>,
  protocol: number,
  body: readonly number[],
  fragment = 0,
): Frame {
  const type = isV6(packet.from) ? 0x86dd : 0x0800
  return ethernet(packet.micros, type, ipBytes(packet, protocol, body, fragment))
}

export function ipBytes(
  packet: Pick<Segment, 'from' | 'to'>,
  protocol: number,
  body: readonly number[],
  fragment = 0,
): number[] {
  const addresses = [...address(packet.from), ...address(packet.to)]
  if (isV6(packet.from)) return [0x60, 0, 0, 0, ...u16(body.length), protocol, 64, ...addresses, ...body]
  return [0x45, 0, ...u16(20 + body.length), 0, 1, ...u16(fragment), 64, protocol, 0, 0, ...addresses, ...body]
}

export function ethernet(micros: number, type: number, body: readonly number[]): Frame {
  return { micros, bytes: Uint8Array.from([...MAC_B, ...MAC_A, ...u16(type), ...body]) }
}

export interface PcapOptions {
  readonly linkType?: number
  readonly bigEndian?: boolean
  readonly nanos?: boolean
  /** Alexey Kuznetzov's variant with a longer record header. */
  readonly modified?: boolean
}

export function pcap(frames: readonly Frame[], options: PcapOptions = {}): Uint8Array {
  const { linkType = 1, bigEndian = false, nanos = false, modified = false } = options
  const word = (value: number) => (bigEndian ? u32(value) : u32(value).reverse())
  const half = (value: number) => (bigEndian ? u16(value) : u16(value).reverse())
  const magic = nanos ? 0xa1b23c4d : modified ? 0xa1b2cd34 : 0xa1b2c3d4
  const out = [...word(magic), ...half(2), ...half(4), ...word(0), ...word(0), ...word(262144), ...word(linkType)]
  for (const { micros, bytes, wire } of frames) {
    const fraction = micros % 1e6
    out.push(...word(Math.floor(micros / 1e6)), ...word(nanos ? fraction * 1000 + 999 : fraction))
    out.push(...word(bytes.length), ...word(wire ?? bytes.length))
    if (modified) out.push(0, 0, 0, 0, 0, 0, 0, 0)
    for (const byte of bytes) out.push(byte)
  }
  return Uint8Array.from(out)
}

export interface Block {
  readonly type: number
  readonly body: readonly number[]
}

/** A pcapng section: its blocks as written, headers and padding added. */
export function pcapngSection(blocks: readonly Block[], bigEndian = false): Uint8Array {
  const word = (value: number) => (bigEndian ? u32(value) : u32(value).reverse())
  const half = (value: number) => (bigEndian ? u16(value) : u16(value).reverse())
  const unknownLength = [255, 255, 255, 255, 255, 255, 255, 255]
  const section = { type: 0x0a0d0d0a, body: [...word(0x1a2b3c4d), ...half(1), ...half(0), ...unknownLength] }
  const out: number[] = []
  for (const { type, body } of [section, ...blocks]) {
    const padding = (4 - (body.length % 4)) % 4
    const size = word(12 + body.length + padding)
    out.push(...word(type), ...size)
    for (const byte of body) out.push(byte)
    out.push(...new Array<number>(padding).fill(0), ...size)
  }
  return Uint8Array.from(out)
}

export interface InterfaceOptions {
  readonly bigEndian?: boolean
  /** The byte of if_tsresol. */
  readonly resolution?: number
  readonly offsetSeconds?: number
}

export function interfaceBlock(linkType: number, options: InterfaceOptions = {}): Block {
  const order = (bytes: number[]) => (options.bigEndian ? bytes : bytes.reverse())
  const body = [...order(u16(linkType)), 0, 0, 0, 0, 0, 0]
  if (options.resolution !== undefined) {
    body.push(...order(u16(9)), ...order(u16(1)), options.resolution, 0, 0, 0)
  }
  if (options.offsetSeconds !== undefined) {
    const value = [...u32(Math.floor(options.offsetSeconds / 4294967296)), ...u32(options.offsetSeconds)]
    body.push(...order(u16(14)), ...order(u16(8)), ...order(value))
  }
  return { type: 1, body: [...body, 0, 0, 0, 0] }
}

/** `ticks` since 1970 in the interface's own unit. */
export function enhancedBlock(
  frame: Frame,
  at: { readonly interfaceId?: number; readonly ticks: bigint; readonly bigEndian?: boolean },
): Block {
  const word = (value: number) => (at.bigEndian ? u32(value) : u32(value).reverse())
  const high = Number(at.ticks >> 32n)
  const low = Number(at.ticks & 0xffffffffn)
  const { bytes } = frame
  const head = [...word(at.interfaceId ?? 0), ...word(high), ...word(low), ...word(bytes.length)]
  return { type: 6, body: [...head, ...word(frame.wire ?? bytes.length), ...bytes] }
}

export function u16(value: number): number[] {
  return [(value >> 8) & 255, value & 255]
}

export function u32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}

export function text(value: string): number[] {
  return [...new TextEncoder().encode(value)]
}

function payloadBytes(payload: Segment['payload']): number[] {
  if (typeof payload === 'number') return new Array<number>(payload).fill(0)
  return typeof payload === 'string' ? text(payload) : [...(payload ?? [])]
}

function isV6(end: string): boolean {
  return end.startsWith('[')
}

function port(end: string): number {
  return Number(end.slice(end.lastIndexOf(':') + 1))
}

function address(end: string): number[] {
  if (!isV6(end)) return end.split(':')[0]!.split('.').map(Number)
  const [head = '', tail = ''] = end.slice(1, end.indexOf(']')).split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const [first, last] = [groups(head), groups(tail)]
  const zeros = new Array<number>(8 - first.length - last.length).fill(0)
  return [...first, ...zeros, ...last].flatMap(u16)
}
