/**
 * Makers by MAC prefix (IEEE MA-L, MA-M, MA-S), in a compact table made from the registry by tools/make-oui.ts.
 * Layout, little-endian: "OUI1"; u32 length and UTF-8 of the makers, one a line; then for 6, 7 and 9 hex digits:
 * u32 count, u32 length, the ascending prefixes as LEB128 differences, u16 maker of each.
 */
import { InputError } from '../base/errors.ts'

export type VendorOf = (mac: string) => string | undefined

const MAGIC = 'OUI1'
const PREFIX_DIGITS = [6, 7, 9] as const

/** A lookup over the bytes of a packed table; the longest registered prefix wins. Throws InputError on other bytes. */
export function parseOuiTable(bytes: Uint8Array): VendorOf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 4
  const take = (length: number) => {
    if (at + length > bytes.length) throw new InputError(`This maker table is cut short at byte ${bytes.length}.`)
    at += length
    return at - length
  }
  const u32 = () => view.getUint32(take(4), true)
  const part = () => {
    const length = u32()
    const from = take(length)
    return bytes.subarray(from, from + length)
  }
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== MAGIC)
    throw new InputError(`A maker table begins with ${MAGIC}; this does not.`)
  const makers = new TextDecoder().decode(part()).split('\n')
  const groups = PREFIX_DIGITS.map((digits) => {
    const count = u32()
    if (count > bytes.length)
      throw new InputError(`This maker table claims ${count} prefixes in ${bytes.length} bytes.`)
    const prefixes = readDifferences(part(), count)
    const from = take(2 * count)
    return { digits, prefixes, maker: Uint16Array.from(prefixes, (_, i) => view.getUint16(from + 2 * i, true)) }
  }).reverse()
  return (mac) => {
    const hex = mac.replaceAll(/[:-]/gu, '')
    for (const { digits, prefixes, maker } of groups) {
      const found = indexOf(prefixes, Number.parseInt(hex.slice(0, digits), 16))
      if (found >= 0) return makers[maker[found]!] || undefined
    }
    return undefined
  }
}

/** Packs the registry as the package `oui-data` gives it: hex prefix -> maker's name and address in lines. */
export function packOuiTable(registry: Readonly<Record<string, string>>): Uint8Array {
  const makers = new Map<string, number>()
  const groups = PREFIX_DIGITS.map((digits) => {
    const entries = Object.entries(registry)
      .filter(([prefix]) => prefix.length === digits)
      .map(([prefix, text]) => [Number.parseInt(prefix, 16), shortVendor(text.split('\n', 1)[0]!)] as const)
      .sort((a, b) => a[0] - b[0])
    const maker = entries.map(([, name]) => {
      const known = makers.get(name) ?? makers.size
      makers.set(name, known)
      return known
    })
    return { prefixes: writeDifferences(entries.map(([prefix]) => prefix)), maker }
  })
  const names = new TextEncoder().encode([...makers.keys()].join('\n'))
  const size = groups.reduce((sum, group) => sum + 8 + group.prefixes.length + 2 * group.maker.length, 8 + names.length)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < 4; i++) bytes[i] = MAGIC.charCodeAt(i)
  view.setUint32(4, names.length, true)
  bytes.set(names, 8)
  let at = 8 + names.length
  for (const { prefixes, maker } of groups) {
    view.setUint32(at, maker.length, true)
    view.setUint32(at + 4, prefixes.length, true)
    bytes.set(prefixes, at + 8)
    at += 8 + prefixes.length
    for (const index of maker) {
      view.setUint16(at, index, true)
      at += 2
    }
  }
  return bytes
}

/** "Samsung Electronics Co.,Ltd" is called Samsung, "David Electronics Co., LTD." David Electronics; blocks that the registry keeps or hides have no name. */
export function shortVendor(full: string): string {
  const text = full.replaceAll(/\s+/gu, ' ').trim()
  if (/^(?:private|ieee registration authority)$/iu.test(text)) return ''
  const household = HOUSEHOLD.find(
    (name) => text.toLowerCase().startsWith(name.toLowerCase()) && !/^\w/u.test(text.slice(name.length)),
  )
  if (household !== undefined) return household
  let name = text.replace(/(?<=\S)\s*\(.*$/u, '')
  for (let before = ''; before !== name; ) {
    before = name
    const shorter = name.replace(LEGAL_FORM, '').replace(/[\s,.&-]+$/u, '')
    if (shorter.length > 1) name = shorter
  }
  const words = name
    .split(' ')
    .map((word) => (/^[A-Z]{5,}$/u.test(word) ? word[0]! + word.slice(1).toLowerCase() : word))
  return words.join(' ').slice(0, 40).trim()
}

/** Makers that everybody knows by one word. */
const HOUSEHOLD = [
  'Amazon',
  'Apple',
  'ASUSTek',
  'AVM',
  'AzureWave',
  'Belkin',
  'Bose',
  'Brother',
  'Canon',
  'Cisco',
  'D-Link',
  'Dell',
  'Espressif',
  'Fujitsu',
  'Google',
  'Hewlett Packard',
  'Hon Hai',
  'Huawei',
  'Intel',
  'Lenovo',
  'LG',
  'Microsoft',
  'Motorola',
  'Murata',
  'Netgear',
  'Nokia',
  'Panasonic',
  'Philips',
  'Qualcomm',
  'Roku',
  'Samsung',
  'Seiko Epson',
  'Sharp',
  'Siemens',
  'Sonos',
  'Sony',
  'Texas Instruments',
  'Toshiba',
  'TP-Link',
  'Xiaomi',
  'ZTE',
  'Zyxel',
] as const

const LEGAL_FORM =
  /[\s,.，]+(?:inc|incorporated|corp|corporation|corporate|co|company|ltd|limited|llc|lp|plc|gmbh|ag|kg|se|sa|s\.a|s\.a\.s|sas|spa|s\.p\.a|srl|s\.r\.l|sarl|bv|b\.v|nv|n\.v|ab|as|a\/s|oy|oyj|aps|pty|pte|pvt|private|kk|k\.k)\.?$/iu

function writeDifferences(ascending: readonly number[]): Uint8Array {
  const out: number[] = []
  let last = 0
  for (const value of ascending) {
    let difference = value - last
    last = value
    while (difference > 127) {
      out.push((difference % 128) | 128)
      difference = Math.floor(difference / 128)
    }
    out.push(difference)
  }
  return Uint8Array.from(out)
}

function readDifferences(bytes: Uint8Array, count: number): Float64Array {
  const values = new Float64Array(count)
  let at = 0
  let value = 0
  for (let i = 0; i < count; i++) {
    let scale = 1
    for (;;) {
      const byte = bytes[at++] ?? 0
      value += (byte & 127) * scale
      if (byte < 128) break
      scale *= 128
    }
    values[i] = value
  }
  return values
}

function indexOf(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = ascending[middle]!
    if (found === value) return middle
    if (found < value) low = middle + 1
    else high = middle - 1
  }
  return -1
}
