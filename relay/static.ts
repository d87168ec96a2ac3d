/** The built site as answers: type, compression, caching and the security headers for each file. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { inlineScripts, securityHeaders } from '#core/base/policy.ts'

/** [media type, worth compressing] by file ending. */
const TYPES: Readonly<Record<string, readonly [string, boolean]>> = {
  '.html': ['text/html; charset=utf-8', true],
  '.js': ['text/javascript; charset=utf-8', true],
  '.mjs': ['text/javascript; charset=utf-8', true],
  '.css': ['text/css; charset=utf-8', true],
  '.json': ['application/json', true],
  '.webmanifest': ['application/manifest+json', true],
  '.svg': ['image/svg+xml', true],
  '.png': ['image/png', false],
  '.ico': ['image/x-icon', false],
  '.txt': ['text/plain; charset=utf-8', true],
  '.md': ['text/markdown; charset=utf-8', true],
  '.wasm': ['application/wasm', true],
  '.onnx': ['application/octet-stream', true],
  '.bin': ['application/octet-stream', true],
  '.gz': ['application/gzip', false],
  '.pcap': ['application/vnd.tcpdump.pcap', true],
  '.pcapng': ['application/octet-stream', true],
  '.csv': ['text/csv; charset=utf-8', true],
}

/** Below this compression gains nothing. */
const MIN_COMPRESSED_BYTES = 1024

export type Encoding = 'br' | 'gzip' | 'identity'

export interface StaticAnswer {
  readonly status: 200 | 301 | 304 | 404
  readonly headers: Record<string, string>
  readonly body: Uint8Array | undefined
}

interface SiteFile {
  readonly path: string
  readonly etag: string
  readonly headers: Record<string, string>
  readonly isCompressible: boolean
  /** Filled when first asked for. */
  readonly bodies: Map<Encoding, Promise<Uint8Array>>
}

export interface StaticSite {
  /** `pathname` as it came in the URL, still percent-encoded. */
  answer(request: {
    pathname: string
    /** The request's `accept`: who wants a page gets 404.html for an unknown address, others a line of text. */
    accept: string
    encodings: string
    ifNoneMatch: string | undefined
  }): Promise<StaticAnswer>
}

/**
 * Lists the folder once: only a listed file can be asked for, so no path leads out of it. A file changed later is served as it was when
 * listed or read first.
 */
export async function openSite(folder: string): Promise<StaticSite> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = new Map<string, SiteFile>()
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const url = `/${relative(folder, path).replaceAll('\\', '/')}`
    files.set(url, await describe(path, url))
  }
  return {
    async answer({ pathname, accept, encodings, ifNoneMatch }) {
      const url = decode(pathname)
      const file = url && (files.get(url) ?? (url.endsWith('/') ? files.get(`${url}index.html`) : undefined))
      if (file) return answerFile(file, encodings, ifNoneMatch)
      if (url && files.has(`${url}/index.html`)) return redirect(`${pathname}/`)
      return notFound(accept.includes('text/html') ? files.get('/404.html') : undefined, encodings)
    },
  }
}

async function describe(path: string, url: string): Promise<SiteFile> {
  const bytes = await readFile(path)
  const [type, isCompressible] = TYPES[extname(path)] ?? ['application/octet-stream', false]
  const hashes = type.startsWith('text/html') ? inlineScripts(bytes.toString('utf8')).map(scriptHash) : []
  const { size } = await stat(path)
  return {
    path,
    etag: createHash('sha256').update(bytes).digest('base64url').slice(0, 22),
    headers: {
      ...securityHeaders(hashes),
      'content-type': type,
      'cache-control': url.startsWith('/_app/immutable/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
    isCompressible: isCompressible && size >= MIN_COMPRESSED_BYTES,
    bodies: new Map(),
  }
}

async function answerFile(file: SiteFile, encodings: string, ifNoneMatch: string | undefined): Promise<StaticAnswer> {
  const encoding = file.isCompressible ? chooseEncoding(encodings) : 'identity'
  const etag = `"${file.etag}-${encoding}"`
  const headers: Record<string, string> = { ...file.headers, etag }
  if (file.isCompressible) headers.vary = 'accept-encoding'
  if (ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag))
    return { status: 304, headers, body: undefined }
  let body = file.bodies.get(encoding)
  if (!body) {
    body = readFile(file.path).then((bytes) => compress(bytes, encoding))
    file.bodies.set(encoding, body)
  }
  if (encoding !== 'identity') headers['content-encoding'] = encoding
  return { status: 200, headers, body: await body }
}

function redirect(location: string): StaticAnswer {
  return { status: 301, headers: { ...securityHeaders(), location }, body: undefined }
}

async function notFound(page: SiteFile | undefined, encodings: string): Promise<StaticAnswer> {
  if (page) return { ...(await answerFile(page, encodings, undefined)), status: 404 }
  const headers = { ...securityHeaders(), 'content-type': 'text/plain; charset=utf-8' }
  return { status: 404, headers, body: new TextEncoder().encode('There is no such page here.\n') }
}

/** Undefined for a path that is not valid percent-encoding. */
function decode(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return undefined
  }
}

/** The best of what the client takes (RFC 9110 §12.5.3; `q=0` refuses). */
function chooseEncoding(accepted: string): Encoding {
  const names = accepted
    .toLowerCase()
    .split(',')
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(';')[0]?.trim())
  if (names.includes('br')) return 'br'
  return names.includes('gzip') ? 'gzip' : 'identity'
}

function compress(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array> | Uint8Array {
  switch (encoding) {
    case 'br':
      return promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
    case 'gzip':
      return promisify(gzip)(bytes, { level: 6 })
    case 'identity':
      return bytes
  }
}

function scriptHash(script: string): string {
  return `sha256-${createHash('sha256').update(script).digest('base64')}`
}
