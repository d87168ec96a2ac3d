/** The model that a person put in use, opened for a scan; undefined while the shipped one is. */
import { ModelError } from '#core/base/errors.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import { WEIGHTS_FILE } from '#core/model/folder.ts'
import type { ScanJudge } from '#core/scan/judge-flows.ts'
import { isShipped, readChampion, readModelFiles } from '#db/models.ts'
import { createTrainer } from './engine.ts'

/** Throws ModelError when its files are not whole: a scan must not go on as if with it. */
export async function openChampion(): Promise<ScanJudge | undefined> {
  const champion = await readChampion('judge')
  if (!champion || isShipped(champion.modelId)) return undefined
  const files = await readModelFiles(champion.modelId)
  const { judge, manifest } = await openModelFolder(async (path) => {
    const bytes = files.get(path)
    if (!bytes) throw new ModelError(`this model has no ${path}`)
    return bytes
  }, createTrainer)
  const weights = manifest.files.find(({ path }) => path === WEIGHTS_FILE)
  return { judge, manifest, sha256: weights?.sha256 ?? '' }
}
