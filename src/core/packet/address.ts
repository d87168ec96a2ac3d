/** Addresses as text: IPv4 dotted, IPv6 as RFC 5952 says, MAC in lower case with colons. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** From four words at `at`. */
export function formatIpv6(words: Int32Array, at: number): string {
  const groups: number[] = []
  for (let word = at; word < at + 4; word++) groups.push(words[word]! >>> 16, words[word]! & 0xffff)
  const { start, length } = longestZeroRun(groups)
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  return length < 2 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

export function formatMac(bytes: Uint8Array, at: number): string {
  let text = HEX[bytes[at]!]!
  for (let byte = at + 1; byte < at + 6; byte++) text += `:${HEX[bytes[byte]!]!}`
  return text
}
