/** A model file is used only when its bytes are those that the manifest names (promise: no verified hash, no model). */
import { ModelError } from '../base/errors.ts'
import type { ModelManifest } from './manifest.ts'

/** Lower-case hexadecimal SHA-256. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Throws ModelError unless size and hash are right. */
export async function verifyFile(entry: ModelManifest['files'][number], bytes: Uint8Array): Promise<void> {
  if (bytes.length !== entry.sizeBytes) {
    throw new ModelError(
      `${entry.path} should have ${entry.sizeBytes} bytes and has ${bytes.length}: the model is not used. Load the app again, or put the original file back.`,
    )
  }
  const sha256 = await sha256Hex(bytes)
  if (sha256 !== entry.sha256) {
    throw new ModelError(
      `${entry.path} is not the file that its manifest names (SHA-256 ${entry.sha256.slice(0, 12)}… expected, ${sha256.slice(0, 12)}… came): the model is not used. Load the app again, or put the original file back.`,
    )
  }
}
