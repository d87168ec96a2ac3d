/** SHA-256 (FIPS 180-4) in one call, for short texts where waiting for the platform's promise would cost more than the hash. */

const ROUND = new Uint32Array(64)
const START = new Uint32Array(8)
fillConstants()

/** 64 hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array): string {
  const state = START.slice()
  const blocks = (bytes.length + 9 + 63) >> 6
  const padded = new Uint8Array(blocks << 6)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x20000000))
  view.setUint32(padded.length - 4, bytes.length << 3)
  const words = new Uint32Array(64)
  for (let at = 0; at < padded.length; at += 64) addBlock(state, words, view, at)
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('')
}

function addBlock(state: Uint32Array, w: Uint32Array, view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + 4 * i)
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!
    const y = w[i - 2]!
    const small0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)
    const small1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10)
    w[i] = w[i - 16]! + small0 + w[i - 7]! + small1
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as Eight
  for (let i = 0; i < 64; i++) {
    const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const first = (h + big1 + ((e & f) ^ (~e & g)) + ROUND[i]! + w[i]!) | 0
    const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  const after = [a, b, c, d, e, f, g, h]
  for (let i = 0; i < 8; i++) state[i] = state[i]! + after[i]!
}

type Eight = [number, number, number, number, number, number, number, number]

function rotate(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by))
}

/** Fractional parts of the square and cube roots of the first primes (§4.2.2, §5.3.3). */
function fillConstants(): void {
  const fraction = (root: number) => Math.floor((root - Math.floor(root)) * 4294967296)
  let found = 0
  for (let candidate = 2; found < 64; candidate++) {
    let prime = true
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) prime = false
    if (!prime) continue
    if (found < 8) START[found] = fraction(Math.sqrt(candidate))
    ROUND[found++] = fraction(Math.cbrt(candidate))
  }
}
