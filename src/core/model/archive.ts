/** A model folder as one file, for sending and keeping: a ZIP of it, the same bytes for the same folder. */
import { unzipSync, zipSync } from 'fflate'
import { ModelError } from '../base/errors.ts'
import { MANIFEST_FILE } from './folder.ts'
import { MAX_MODEL_BYTES } from './verify.ts'

const MAX_FILES = 32
/** The earliest time a ZIP can hold, so that bytes do not depend on the clock. */
const MTIME = '1980-01-01T00:00:00'

export function packModel(folder: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return zipSync(Object.fromEntries(folder), { level: 6, mtime: MTIME, os: 3 })
}

/** The files by name; only the folder's readers verify them. Throws ModelError for what is no such ZIP. */
export function unpackModel(bytes: Uint8Array): Map<string, Uint8Array> {
  if (bytes.length > MAX_MODEL_BYTES)
    throw new ModelError(
      `this file has ${Math.round(bytes.length / 2 ** 20)} MB; a model of at most ${MAX_MODEL_BYTES >> 20} MB is read`,
    )
  let total = 0
  let count = 0
  const files = new Map<string, Uint8Array>()
  for (const [path, content] of Object.entries(
    unzip(bytes, (name, size) => {
      total += size
      count++
      if (total > MAX_MODEL_BYTES || count > MAX_FILES)
        throw new ModelError(
          `this ZIP holds more than a model has: at most ${MAX_FILES} files of ${MAX_MODEL_BYTES >> 20} MB together are read`,
        )
      return !name.endsWith('/')
    }),
  )) {
    // A folder zipped from outside has its own name before each file's.
    files.set(path.slice(path.lastIndexOf('/') + 1), content)
  }
  if (!files.has(MANIFEST_FILE)) throw new ModelError(`this ZIP holds no model: there is no ${MANIFEST_FILE} in it`)
  return files
}

function unzip(bytes: Uint8Array, wants: (name: string, size: number) => boolean): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter: ({ name, originalSize }) => wants(name, originalSize) })
  } catch (error) {
    if (error instanceof ModelError) throw error
    throw new ModelError('this file is no ZIP of a model, or it is damaged')
  }
}
