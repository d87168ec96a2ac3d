/** The head of an HTTP/1 request (RFC 9112), and of SSDP messages, which have the same form (UPnP 2.0 §1). */

const MAX_HEAD_BYTES = 4096
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'NOTIFY',
  'M-SEARCH',
  'SUBSCRIBE',
  'PROPFIND',
])

export interface RequestHead {
  /** `GET`, or `HTTP/1.1` when it is a response. */
  readonly method: string
  /** By lower-case name; of equal names the first. */
  readonly headers: ReadonlyMap<string, string>
}

/** Undefined when the first line is no request's; `responses` lets answers pass too. Headers are those of this packet. */
export function readHead(
  bytes: Uint8Array,
  at: number,
  end: number,
  options: { readonly responses: boolean } = { responses: false },
): RequestHead | undefined {
  const limit = Math.min(end, at + MAX_HEAD_BYTES)
  let line = readLine(bytes, at, limit)
  const method = line.text.slice(0, line.text.indexOf(' '))
  if (!METHODS.has(method) && !(options.responses && method.startsWith('HTTP/1.'))) return undefined
  const headers = new Map<string, string>()
  while (line.next < limit) {
    line = readLine(bytes, line.next, limit)
    if (line.text === '') break
    const colon = line.text.indexOf(':')
    if (colon < 1) continue
    const name = line.text.slice(0, colon).toLowerCase()
    if (!headers.has(name)) headers.set(name, line.text.slice(colon + 1).trim())
  }
  return { method, headers }
}

function readLine(bytes: Uint8Array, at: number, end: number): { text: string; next: number } {
  let text = ''
  let next = at
  while (next < end) {
    const byte = bytes[next++]!
    if (byte === 0x0a) break
    if (byte !== 0x0d) text += String.fromCharCode(byte)
  }
  return { text, next }
}
