/** Loads a model: manifest read, weights verified. What fails is refused whole; there is no unverified way in. */
import { ModelError } from '../base/errors.ts'
import { parseManifest } from './folder.ts'
import { type ModelManifest, readManifest } from './manifest.ts'
import { checkSizes, verifyFile } from './verify.ts'

export interface LoadedModel {
  readonly manifest: ModelManifest
  /** The verified ONNX file. */
  readonly network: Uint8Array
  /** SHA-256 of the network file, as in reports. */
  readonly sha256: string
}

/** `fetchFile` gives the bytes of a file in the model's folder. Throws ModelError with a sentence. */
export async function loadModel(fetchFile: (path: string) => Promise<Uint8Array>): Promise<LoadedModel> {
  const manifest = readManifest(parseManifest(await fetchFile('manifest.json')))
  const entry = manifest.files.find((file) => file.path.endsWith('.onnx'))
  if (!entry) throw new ModelError(`the manifest of ${manifest.name} names no .onnx file`)
  checkSizes(manifest)
  let network: Uint8Array | undefined
  for (const file of manifest.files) {
    const bytes = await fetchFile(file.path)
    await verifyFile(file, bytes)
    if (file === entry) network = bytes
  }
  if (!network) throw new Error('the network file was not among the files')
  return { manifest, network, sha256: entry.sha256 }
}
