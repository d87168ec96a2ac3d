/** Models as files: a ZIP of the model's folder, or its network alone as ONNX. */
import { addModelFolder, readModelFiles } from '#db/models.ts'
import type { EvaluationRecord } from '#db/schema.ts'
import type { ModelItem } from '#lib/ui/model-item.ts'
import { fileSafe, saveFile } from './save-file.ts'
import { shippedFiles } from './shipped-models.svelte.ts'
import { say, sayProblem } from './undo.ts'

const ZIP_MAGIC = [0x50, 0x4b]

/** Every file of a model by its name. */
export function filesOf(model: Pick<ModelItem, 'id' | 'source'>): Promise<Map<string, Uint8Array>> {
  return model.source === 'shipped' ? shippedFiles(model.id) : readModelFiles(model.id)
}

export async function exportModel(model: ModelItem): Promise<void> {
  try {
    const [files, { packModel }] = await Promise.all([filesOf(model), import('#core/model/archive.ts')])
    saveFile(`${fileSafe(`${model.name}-${model.version}`)}.zip`, copyOf(packModel(files)), 'application/zip')
  } catch (error) {
    sayProblem('It was not exported', error)
  }
}

export async function exportNetwork(model: ModelItem): Promise<void> {
  try {
    const network = (await filesOf(model)).get('model.onnx')
    if (!network) throw new Error('This model has no network.')
    const name = `${fileSafe(`${model.name}-${model.version}`)}.onnx`
    saveFile(name, copyOf(network), 'application/octet-stream')
  } catch (error) {
    sayProblem('It was not exported', error)
  }
}

/** An evaluation as JSON: that of `guardian eval`, with what it was made of. */
export function saveReport(
  { name, version }: Pick<ModelItem, 'name' | 'version'>,
  { file, at, report }: Pick<EvaluationRecord, 'file' | 'at' | 'report'>,
): void {
  const evaluatedAt = new Date(at).toISOString()
  const text = JSON.stringify({ model: `${name} ${version}`, file, evaluatedAt, ...report }, undefined, 2)
  saveFile(`${fileSafe(`${name}-${version}-on-${file}`)}.json`, text, 'application/json')
}

/** A ZIP, or all files of a model's folder at once. Resolves to its id; undefined when none was chosen or it was refused. */
export async function importModel(chosen: readonly File[]): Promise<string | undefined> {
  if (chosen.length === 0) return undefined
  try {
    const [files, { judge }] = await Promise.all([readChosen(chosen), import('#lib/remote/judge.ts')])
    await judge(
      (remote) => remote.check(files),
      () => undefined,
    ).done
    const { id, name, version } = await addModelFolder(files, 'imported')
    say(`${name} ${version} imported. It waits until you put it in use.`)
    return id
  } catch (error) {
    sayProblem('It was not imported', error)
    return undefined
  }
}

async function readChosen(chosen: readonly File[]): Promise<Map<string, Uint8Array>> {
  const [{ unpackModel }, { MAX_MODEL_BYTES }, { ModelError }] = await Promise.all([
    import('#core/model/archive.ts'),
    import('#core/model/verify.ts'),
    import('#core/base/errors.ts'),
  ])
  const total = chosen.reduce((sum, { size }) => sum + size, 0)
  if (total > MAX_MODEL_BYTES)
    throw new ModelError(`${chosen[0]!.name} is too large: a model of at most ${MAX_MODEL_BYTES >> 20} MB is read.`)
  const contents = await Promise.all(
    chosen.map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const),
  )
  const [first] = contents
  if (first && ZIP_MAGIC.every((byte, i) => first[1][i] === byte)) return unpackModel(first[1])
  const files = new Map(contents)
  if (!files.has('manifest.json') && contents.some(([name]) => name.endsWith('.onnx')))
    throw new ModelError(
      'A network alone does not say which columns it reads, nor where its alarm line is. Choose it together with its manifest.json, or the ZIP that Guardian exports.',
    )
  return files
}

/** Bytes that nothing else holds: a Blob takes no shared buffer. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
