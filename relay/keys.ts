/** The relay's own secrets, made at the first start and kept in its data directory, readable by its user alone. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newCode } from './auth/tokens.ts'

const ONLY_OWNER = 0o600

export async function openDataDir(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
}

/** Ed25519; signs the head of the audit log. */
export async function openSigningKey(dataDir: string): Promise<KeyObject> {
  const pem = await keep(join(dataDir, 'audit-key.pem'), () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
  return createPrivateKey(pem)
}

/** Under which this relay claims devices: the same after a restart, so that it goes on at once. */
export function openRelayName(dataDir: string): Promise<string> {
  return keep(join(dataDir, 'relay-name'), () => randomUUID().slice(0, 8))
}

/** The same until somebody has claimed the relay, also after a restart. */
export function openClaimCode(dataDir: string): Promise<string> {
  return keep(claimFile(dataDir), newCode)
}

export async function forgetClaimCode(dataDir: string): Promise<void> {
  await rm(claimFile(dataDir), { force: true })
}

const claimFile = (dataDir: string) => join(dataDir, 'claim-code')

async function keep(file: string, make: () => string): Promise<string> {
  try {
    // Of two that start at once, the first to write decides.
    await writeFile(file, make(), { mode: ONLY_OWNER, flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return readFile(file, 'utf8')
}
