/** An authority and a server's certificate for 127.0.0.1, made by openssl for one test. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificates {
  readonly folder: string
  /** Files. */
  readonly caFile: string
  readonly keyFile: string
  readonly certFile: string
  readonly key: Buffer
  readonly cert: Buffer
  readonly ca: Buffer
  close(): Promise<void>
}

export async function makeCertificates({
  days = 2,
  rsa = false,
}: {
  days?: number
  rsa?: boolean
} = {}): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'))
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = [
    ...(rsa ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']),
    '-nodes',
  ]
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    `${days}`,
    '-subj',
    '/CN=Test authority',
  )
  openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=127.0.0.1')
  await writeFile(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names']
  openssl('x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.crt', '-days', `${days}`)
  return {
    folder,
    caFile: at('ca.crt'),
    keyFile: at('server.key'),
    certFile: at('server.crt'),
    key: await readFile(at('server.key')),
    cert: await readFile(at('server.crt')),
    ca: await readFile(at('ca.crt')),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}
