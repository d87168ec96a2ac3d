/** A model file is used only when its bytes are those that the manifest names (promise: no verified hash, no model). */
import { ModelError } from '../base/errors.ts'
import type { ModelManifest } from './manifest.ts'

/** Of all files together. The largest forest that this app makes has a tenth of it. */
export const MAX_MODEL_BYTES = 64 << 20

/** To be called before any file is fetched. Throws ModelError. */
export function checkSizes({ name, files }: Pick<ModelManifest, 'name' | 'files'>): void {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (total > MAX_MODEL_BYTES)
    throw new ModelError(
      `the files of ${name} have ${Math.round(total / 2 ** 20)} MB together; a model of at most ${MAX_MODEL_BYTES >> 20} MB is read`,
    )
}

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
