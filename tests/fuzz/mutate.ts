/** Damage done to good bytes: flips, cuts, copies, splices, and texts that parsers stumble over. */
import type { Random } from '#core/base/random.ts'

const STUMBLES = [
  '-1',
  'NaN',
  'Infinity',
  '1e999',
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  '\t',
  '#',
  '{',
  '}',
  '[',
  '\\',
  '\0',
  '9'.repeat(40),
  '-',
  '#fields\t',
  '0x',
  '\ufeff',
  '1e-400',
  '"\n',
  '__proto__',
].map((text) => new TextEncoder().encode(text))

/** One to six changes of `seed`; `others` lend their bytes for splices. */
export function mutate(seed: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = Uint8Array.from(seed)
  for (let changes = 1 + random.int(6); changes > 0; changes--) bytes = change(bytes, others, random)
  return bytes
}

function change(
  bytes: Uint8Array<ArrayBuffer>,
  others: readonly Uint8Array[],
  random: Random,
): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return Uint8Array.of(random.int(256))
  const at = random.int(bytes.length)
  switch (random.int(9)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << random.int(8))
      return bytes
    case 1:
      bytes[at] = random.int(256)
      return bytes
    case 2:
      bytes[at] = [0, 0xff, 0x7f, 0x80, 10, 34][random.int(6)]!
      return bytes
    case 3:
      return bytes.slice(0, at)
    case 4:
      return replace(bytes, { at, length: random.int(16), by: new Uint8Array(0) })
    case 5:
      return replace(bytes, { at, length: 0, by: bytes.slice(at, at + random.int(64)) })
    case 6:
      return replace(bytes, { at, length: random.int(4), by: STUMBLES[random.int(STUMBLES.length)]! })
    case 7: {
      const other = others[random.int(others.length)]!
      const from = random.int(other.length)
      return replace(bytes, { at, length: random.int(64), by: other.subarray(from, from + random.int(200)) })
    }
    default: {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      if (at + 4 <= bytes.length)
        view.setUint32(at, random.int(2) ? 0xffff_ffff - random.int(4) : random.int(70_000), random.int(2) === 0)
      return bytes
    }
  }
}

interface Replacement {
  readonly at: number
  readonly length: number
  readonly by: Uint8Array
}

function replace(bytes: Uint8Array, { at, length, by }: Replacement): Uint8Array<ArrayBuffer> {
  const end = Math.min(bytes.length, at + length)
  const out = new Uint8Array(bytes.length - (end - at) + by.length)
  out.set(bytes.subarray(0, at))
  out.set(by, at)
  out.set(bytes.subarray(end), at + by.length)
  return out
}
