/**
 * A certificate authority of the relay's own, for a network in which no other certifies its hosts: made at the first start, kept in the
 * data directory, and with it the server's certificate for the host's names and addresses.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCertificate } from './certificate.ts'

export interface LocalTls {
  /** The server's, and the authority's after it; PEM. */
  readonly cert: string
  readonly key: string
  /** The authority's certificate, PEM: what phones are to trust. */
  readonly ca: string
  /** SHA-256 of the authority's certificate, to compare on the phone. */
  readonly fingerprint: string
}

export interface AuthorityOptions {
  readonly folder: string
  /** What the server's certificate is to hold. */
  readonly names: readonly string[]
  readonly now?: Date
}

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
/** Browsers refuse servers' certificates of more than 398 days, Apple's also those of an authority of one's own past 825. */
const SERVER_DAYS = 397
const RENEW_DAYS = 30
/** A device whose clock is slow still takes a new one. */
const SLOW_CLOCK_DAYS = 1

/** Makes what is missing, ends soon or lacks a name. Throws an Error with a sentence when a file there is no key or certificate. */
export async function openAuthority({ folder, names, now = new Date() }: AuthorityOptions): Promise<LocalTls> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const at = (file: string) => join(folder, file)
  let ca = await readPair(at('authority'))
  // Its last server certificate must not outlive it.
  if (!ca || endsWithin(ca, SERVER_DAYS + RENEW_DAYS, now)) {
    const { privateKey } = newKey()
    const subject = `IoT Guardian ${now.toISOString().slice(0, 10)}`
    const cert = makeCertificate({
      subject,
      issuer: subject,
      subjectKey: privateKey,
      issuerKey: privateKey,
      ...span(now, AUTHORITY_DAYS),
    })
    ca = await writePair(at('authority'), cert, privateKey)
  }
  const issuer = ca.certificate.subject.replace(/^CN=/, '')
  let server = await readPair(at('server'))
  const serves = (pair: Pair) =>
    pair.certificate.verify(ca.certificate.publicKey) &&
    !endsWithin(pair, RENEW_DAYS, now) &&
    names.every((name) => pair.certificate.checkHost(name) ?? pair.certificate.checkIP(name))
  if (!server || !serves(server)) {
    const { privateKey } = newKey()
    const cert = makeCertificate({
      subject: names[0] ?? 'localhost',
      issuer,
      subjectKey: privateKey,
      issuerKey: ca.key,
      names,
      ...span(now, SERVER_DAYS),
    })
    server = await writePair(at('server'), cert, privateKey)
  }
  const [cert, authority] = [server.certificate.toString(), ca.certificate.toString()]
  return { cert: cert + authority, key: pemOf(server.key), ca: authority, fingerprint: ca.certificate.fingerprint256 }
}

interface Pair {
  readonly certificate: X509Certificate
  readonly key: KeyObject
}

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

function span(now: Date, days: number): { from: Date; to: Date } {
  const shifted = (by: number) => new Date(now.getTime() + by * DAY_MS)
  return { from: shifted(-SLOW_CLOCK_DAYS), to: shifted(days - SLOW_CLOCK_DAYS) }
}

const endsWithin = ({ certificate }: Pair, days: number, now: Date) =>
  certificate.validToDate.getTime() < now.getTime() + days * DAY_MS

/** Key and certificate lie in one file, so that a crash between two cannot part them. Undefined: there is none yet. */
async function readPair(base: string): Promise<Pair | undefined> {
  const file = `${base}.pem`
  let pem: string
  try {
    pem = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    const pair = { certificate: new X509Certificate(pem), key: createPrivateKey(pem) }
    if (pair.certificate.checkPrivateKey(pair.key)) return pair
  } catch {
    // said below
  }
  throw new Error(`${file} should hold a certificate and its key, and does not. Move it away to have new ones made.`)
}

async function writePair(base: string, cert: string, key: KeyObject): Promise<Pair> {
  await writeFile(`${base}.new`, cert + pemOf(key), { mode: 0o600 })
  await rename(`${base}.new`, `${base}.pem`)
  return { certificate: new X509Certificate(cert), key }
}
