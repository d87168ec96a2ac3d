/** A flow's key: two addresses, two ports and the protocol, the same for both directions. Words as in packet.ts. */

/** Multipliers from xxHash and "lowbias32" (C. Wellons). */
function mixEndpoint(a: number, b: number, c: number, d: number, port: number): number {
  let x = Math.imul(a ^ Math.imul(port, 0x165667b1), 0x9e3779b1)
  if ((b | c | d) !== 0) x ^= Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f)
  x ^= x >>> 15
  return Math.imul(x, 0x2c1b3c6d)
}

/** The same for a packet and its answer. */
export function hashKey(key: Int32Array): number {
  const ports = key[8]!
  let hash =
    (mixEndpoint(key[0]!, key[1]!, key[2]!, key[3]!, ports >>> 16) +
      mixEndpoint(key[4]!, key[5]!, key[6]!, key[7]!, ports & 0xffff) +
      key[9]!) |
    0
  hash ^= hash >>> 12
  hash = Math.imul(hash, 0x297a2d39)
  return hash ^ (hash >>> 15)
}

export function swapPorts(ports: number): number {
  return (ports << 16) | (ports >>> 16)
}

/** Whether the row at `base` of `ints` is a flow with this key in this direction. */
export function isForward(ints: Int32Array, base: number, key: Int32Array): boolean {
  return (
    ints[base]! === key[0]! &&
    ints[base + 4]! === key[4]! &&
    ints[base + 8]! === key[8]! &&
    ints[base + 9]! === key[9]! &&
    ints[base + 1]! === key[1]! &&
    ints[base + 2]! === key[2]! &&
    ints[base + 3]! === key[3]! &&
    ints[base + 5]! === key[5]! &&
    ints[base + 6]! === key[6]! &&
    ints[base + 7]! === key[7]!
  )
}

/** … or in the other one. */
export function isBackward(ints: Int32Array, base: number, key: Int32Array): boolean {
  return (
    ints[base]! === key[4]! &&
    ints[base + 4]! === key[0]! &&
    ints[base + 8]! === swapPorts(key[8]!) &&
    ints[base + 9]! === key[9]! &&
    ints[base + 1]! === key[5]! &&
    ints[base + 2]! === key[6]! &&
    ints[base + 3]! === key[7]! &&
    ints[base + 5]! === key[1]! &&
    ints[base + 6]! === key[2]! &&
    ints[base + 7]! === key[3]!
  )
}

/** Writes the key at `base`, turned round when the packet is an answer. */
export function writeKey(ints: Int32Array, base: number, key: Int32Array, turned: boolean): void {
  const source = turned ? 4 : 0
  for (let word = 0; word < 4; word++) {
    ints[base + word] = key[source + word]!
    ints[base + 4 + word] = key[4 - source + word]!
  }
  ints[base + 8] = turned ? swapPorts(key[8]!) : key[8]!
  ints[base + 9] = key[9]!
}
