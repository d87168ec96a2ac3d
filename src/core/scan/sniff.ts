/** What a file is, by its first bytes and never by its name. */

export type Content =
  | { readonly kind: 'capture' | 'gzip' | 'zip' | 'parquet' | 'text' | 'utf16le' | 'utf16be' | 'empty' }
  /** Known, but nothing that is read here: "picture". */
  | { readonly kind: 'other'; readonly name: string; readonly plural: string }
  | { readonly kind: 'unknown' }

/** Enough for every mark below (tar's stands at 257) and to see whether the rest is text. */
export const SNIFF_BYTES = 4096

type Mark = readonly [hex: string, name: string, plural: string, at?: number]

/** libpcap's savefile(5) in both byte orders, µs and ns, and Kuznetzov's; pcapng's section header block. */
const CAPTURES = ['a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1', 'a1b2cd34', '34cdb2a1', '0a0d0d0a']

const OTHERS: readonly Mark[] = [
  ['89504e470d0a1a0a', 'picture', 'pictures'],
  ['ffd8ff', 'picture', 'pictures'],
  ['47494638', 'picture', 'pictures'],
  ['52494646', 'picture, sound or film', 'pictures, sounds or films'],
  ['424d', 'picture', 'pictures'],
  ['49492a00', 'picture', 'pictures'],
  ['66747970', 'film', 'films', 4],
  ['1a45dfa3', 'film', 'films'],
  ['494433', 'sound', 'sounds'],
  ['25504446', 'PDF document', 'PDF documents'],
  ['d0cf11e0a1b11ae1', 'document of an old Office', 'documents of an old Office'],
  ['7573746172', 'TAR archive', 'TAR archives', 257],
  ['425a68', 'bzip2 archive', 'bzip2 archives'],
  ['fd377a585a00', 'xz archive', 'xz archives'],
  ['28b52ffd', 'Zstandard archive', 'Zstandard archives'],
  ['377abcaf271c', '7-Zip archive', '7-Zip archives'],
  ['526172211a07', 'RAR archive', 'RAR archives'],
  ['53514c69746520666f726d6174', 'SQLite database', 'SQLite databases'],
  ['7f454c46', 'program', 'programs'],
  ['4d5a', 'program', 'programs'],
]

export function sniffContent(head: Uint8Array): Content {
  if (head.length === 0) return { kind: 'empty' }
  if (CAPTURES.some((mark) => hasMark(head, mark))) return { kind: 'capture' }
  if (hasMark(head, '1f8b')) return { kind: 'gzip' }
  if (hasMark(head, '504b0304') || hasMark(head, '504b0506') || hasMark(head, '504b0708')) return { kind: 'zip' }
  if (hasMark(head, '50415231')) return { kind: 'parquet' }
  if (hasMark(head, 'fffe')) return { kind: 'utf16le' }
  if (hasMark(head, 'feff')) return { kind: 'utf16be' }
  const isReadable = isText(head)
  const other = OTHERS.find(([mark, , , at]) => hasMark(head, mark, at) && !(isReadable && mark.length <= 6))
  if (other) return { kind: 'other', name: other[1], plural: other[2] }
  return isReadable ? { kind: 'text' } : { kind: 'unknown' }
}

/** Hex of the first bytes, for a sentence. */
export function describeBytes(head: Uint8Array): string {
  return Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function hasMark(head: Uint8Array, mark: string, at = 0): boolean {
  for (let i = 0; i < mark.length; i += 2) {
    if (head[at + i / 2] !== Number.parseInt(mark.slice(i, i + 2), 16)) return false
  }
  return true
}

/** No NUL, and next to no other control characters than line ends, tabs and form feeds. */
function isText(head: Uint8Array): boolean {
  let odd = 0
  for (const byte of head) {
    if (byte === 0) return false
    if (byte < 32 && !(byte >= 9 && byte <= 13)) odd++
  }
  return odd * 50 <= head.length
}
