/** A model folder as its files: written from a learnt model, and read with every hash verified. Nothing unverified comes out. */
import { ModelError } from '../base/errors.ts'
import { writeCard } from './card.ts'
import { FOLDER_FORMAT, type FolderManifest, readFolderManifest } from './folder-manifest.ts'
import { checkSizes, sha256Hex, verifyFile } from './verify.ts'

/** The weights in the app's own binary form (detect/detector-file.ts). */
export const WEIGHTS_FILE = 'model.bin'
/** The network as others read it; only for kinds that are networks. */
export const ONNX_FILE = 'model.onnx'
/** The distribution that the model was trained on (detect/scope.ts). */
export const SCOPE_FILE = 'scope.bin'
/** The peaks of benign hours, which draw its alarm lines (detect/case-budget.ts). */
export const BUDGET_FILE = 'budget.bin'
export const CARD_FILE = 'card.md'
export const MANIFEST_FILE = 'manifest.json'

export const MAX_MANIFEST_BYTES = 1 << 20

/** A model before it has files: what learning gives, and what a changed card or a renamed copy starts from. */
export interface ModelDraft {
  readonly manifest: Omit<FolderManifest, 'format' | 'files'>
  /** WEIGHTS_FILE, and what else the kind has. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

export interface ModelFolder {
  readonly manifest: FolderManifest
  /** Every file that the manifest names, verified. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** All files of the folder by name, manifest and card among them. The same draft gives the same bytes. */
export async function writeModelFolder(draft: ModelDraft): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>([...draft.files].sort(([a], [b]) => (a < b ? -1 : 1)))
  files.set(CARD_FILE, new TextEncoder().encode(writeCard(draft.manifest)))
  const entries = await Promise.all(
    [...files].map(async ([path, bytes]) => ({ path, sha256: await sha256Hex(bytes), sizeBytes: bytes.length })),
  )
  const manifest: FolderManifest = { format: FOLDER_FORMAT, ...draft.manifest, files: entries }
  files.set(MANIFEST_FILE, new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`))
  return files
}

/** `fetchFile` gives the bytes of a file in the folder. Throws ModelError with a sentence. */
export async function readModelFolder(fetchFile: (path: string) => Promise<Uint8Array>): Promise<ModelFolder> {
  const manifest = readFolderManifest(parseManifest(await fetchFile(MANIFEST_FILE)))
  checkSizes(manifest)
  const files = new Map<string, Uint8Array>()
  for (const entry of manifest.files) {
    const bytes = await fetchFile(entry.path)
    await verifyFile(entry, bytes)
    files.set(entry.path, bytes)
  }
  return { manifest, files }
}

/** Throws ModelError for what is too long or no JSON. */
export function parseManifest(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_MANIFEST_BYTES)
    throw new ModelError(`${MANIFEST_FILE} has ${bytes.length} bytes; at most 1 MB is read`)
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (error) {
    throw new ModelError(`${MANIFEST_FILE} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
