/** Addresses as text: IPv4 dotted, IPv6 as RFC 5952 says, MAC in lower case with colons. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** From four words at `at`. */
export function formatIpv6(words: Int32Array, at: number): string {
  let runStart = 0
  let runLength = 1 // A single zero group is written out.
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && group(words, at, start + length) === 0) length++
    if (length > runLength) {
      runStart = start
      runLength = length
    }
    start += length
  }
  const runEnd = runStart + runLength
  let text = ''
  for (let index = 0; index < 8; index++) {
    if (runLength > 1 && index === runStart) {
      text += '::'
      index = runEnd - 1
    } else {
      if (index > 0 && !(runLength > 1 && index === runEnd)) text += ':'
      text += group(words, at, index).toString(16)
    }
  }
  return text
}

function group(words: Int32Array, at: number, index: number): number {
  const word = words[at + (index >> 1)]!
  return index & 1 ? word & 0xffff : word >>> 16
}

export function formatMac(bytes: Uint8Array, at: number): string {
  let text = HEX[bytes[at]!]!
  for (let byte = at + 1; byte < at + 6; byte++) text += `:${HEX[bytes[byte]!]!}`
  return text
}
