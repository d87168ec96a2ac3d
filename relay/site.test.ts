import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSiteServer } from './site.ts'
import { openSite } from './static.ts'

const PAGE = `<!doctype html><script>start()</script><script src="./boot.js"></script>`
const NOT_FOUND = '<!doctype html><h1>None</h1><script>look()</script>'
const SCRIPT = `export const text = '${'x'.repeat(5000)}'`
let folder: string
const servers: ReturnType<typeof createSiteServer>[] = []
let root: AddressInfo
let under: AddressInfo

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guardian-site-'))
  await mkdir(join(folder, 'build/scan'), { recursive: true })
  await mkdir(join(folder, 'build/_app/immutable'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'outside')
  await writeFile(join(folder, 'build/index.html'), PAGE)
  await writeFile(join(folder, 'build/scan/index.html'), PAGE)
  await writeFile(join(folder, 'build/_app/immutable/a.js'), SCRIPT)
  await writeFile(join(folder, 'build/404.html'), NOT_FOUND)
  await writeFile(join(folder, 'build/ort.wasm'), new Uint8Array(2000))
  const site = await openSite(join(folder, 'build'))
  for (const basePath of ['', '/some/sub/path']) {
    const server = createSiteServer({ site, basePath })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
  }
  root = servers[0]!.address() as AddressInfo
  under = servers[1]!.address() as AddressInfo
})

afterAll(async () => {
  for (const server of servers) server.close()
  await rm(folder, { recursive: true })
})

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

/** Sends the path as it is, which fetch would tidy up. */
function get(path: string, options: { headers?: Record<string, string>; method?: string; to?: AddressInfo } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const to = options.to ?? root
    const { method = 'GET', headers = {} } = options
    const sent = httpRequest({ host: '127.0.0.1', port: to.port, path, method, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('a page comes with a policy that names its inline script and nothing else', async () => {
  const { status, headers, body } = await get('/')
  expect(status).toBe(200)
  expect(body.toString()).toBe(PAGE)
  expect(headers['content-type']).toBe('text/html; charset=utf-8')
  // printf 'start()' | openssl dgst -sha256 -binary | base64
  const hash = "'sha256-DIm7WJS6ZKDYe5qFLPy+h4JFI9Bol5QmYC57mt3Fb00='"
  expect(headers['content-security-policy']).toContain(`script-src 'self' 'wasm-unsafe-eval' ${hash};`)
  expect(headers['content-security-policy']).not.toContain('unsafe-inline')
})

test.each([
  ['/', 'GET', 200],
  ['/scan', 'GET', 301],
  ['/_app/immutable/a.js', 'GET', 200],
  ['/ort.wasm', 'GET', 200],
  ['/none', 'GET', 404],
  ['/', 'POST', 405],
])('%s by %s answers %i with all security headers', async (path, method, status) => {
  const answer = await get(path, { method })
  expect(answer.status).toBe(status)
  expect(answer.headers['content-security-policy']).toContain("connect-src 'self'")
  expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(answer.headers['content-security-policy']).toContain("require-trusted-types-for 'script'")
  expect(answer.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  })
  expect(answer.headers['permissions-policy']).toContain('camera=()')
})

test.each([
  ['/none', 'the root'],
  ['/some/sub/path/deep/none/', 'a path'],
])('who wants a page at the unknown %s under %s gets one, with status 404 and its own policy', async (path, where) => {
  const to = where === 'the root' ? root : under
  const { status, headers, body } = await get(path, { to, headers: { accept: 'text/html,*/*;q=0.8' } })
  expect([status, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
  expect(body.toString()).toBe(NOT_FOUND)
  // printf 'look()' | openssl dgst -sha256 -binary | base64
  expect(headers['content-security-policy']).toContain("'sha256-9aoYu6AhR1u6WyoZ4nqQeCAR2uacraS+m/WWfdfKUrk='")
  expect(headers['x-content-type-options']).toBe('nosniff')
  const other = await get(path, { to, headers: { accept: '*/*' } })
  expect([other.status, other.headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8'])
})

test('a name that is not this machine is refused (DNS rebinding)', async () => {
  for (const host of ['evil.example', 'evil.example:4173', 'localhost.evil.example', '127.0.0.1.evil.example']) {
    expect((await get('/', { headers: { host } })).status, host).toBe(421)
  }
  for (const host of ['localhost', `localhost:${root.port}`, `[::1]:${root.port}`, `127.0.0.1:${root.port}`]) {
    expect((await get('/', { headers: { host } })).status, host).toBe(200)
  }
})

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/scan/../../secret.txt',
  '/%00',
  '/%',
  '//etc/passwd',
  '/..\\secret.txt',
])('the path %s does not lead out of the folder', async (path) => {
  const { status, body } = await get(path)
  expect(status).toBe(404)
  expect(body.toString()).not.toContain('outside')
})

test('text and wasm are compressed as the client likes, and say so', async () => {
  const path = '/_app/immutable/a.js'
  const br = await get(path, { headers: { 'accept-encoding': 'gzip, deflate, br' } })
  expect(br.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' })
  expect(brotliDecompressSync(br.body).toString()).toBe(SCRIPT)
  const gz = await get(path, { headers: { 'accept-encoding': 'br;q=0, gzip' } })
  expect(gz.headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(gz.body).toString()).toBe(SCRIPT)
  expect((await get(path)).headers['content-encoding']).toBeUndefined()
  const wasm = await get('/ort.wasm', { headers: { 'accept-encoding': 'br' } })
  expect(wasm.headers).toMatchObject({ 'content-type': 'application/wasm', 'content-encoding': 'br' })
})

test('what is named by its content is kept for ever, the rest is asked for again', async () => {
  const immutable = await get('/_app/immutable/a.js')
  expect(immutable.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  const page = await get('/')
  expect(page.headers['cache-control']).toBe('no-cache')
  const again = await get('/', { headers: { 'if-none-match': `"other", W/${page.headers.etag}` } })
  expect(again.status).toBe(304)
  expect(again.body).toHaveLength(0)
  const compressed = await get('/_app/immutable/a.js', { headers: { 'accept-encoding': 'br' } })
  expect(compressed.headers.etag).not.toBe(immutable.headers.etag)
})

test('HEAD answers as GET without the body', async () => {
  const { status, headers, body } = await get('/', { method: 'HEAD' })
  expect([status, headers['content-length'], body.length]).toEqual([200, String(PAGE.length), 0])
})

test('the site can lie under a path', async () => {
  expect((await get('/some/sub/path/scan/', { to: under })).status).toBe(200)
  expect((await get('/some/sub/path/scan', { to: under })).headers.location).toBe('/some/sub/path/scan/')
  expect((await get('/scan/', { to: under })).status).toBe(404)
})
