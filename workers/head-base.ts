/** The model that what a person said is taught to: the one in use where it judges flow by flow, else the shipped forest. */
import { ModelError } from '#core/base/errors.ts'
import { BASE_FILE, type BaseFolder } from '#core/detect/head.ts'
import { unpackModel } from '#core/model/archive.ts'
import { MANIFEST_FILE, parseManifest, readModelFolder } from '#core/model/folder.ts'
import { isFolderManifest } from '#core/model/folder-manifest.ts'
import { shippedFolder as folderOf, SHIPPED_MODELS } from '#core/model/shipped.ts'
import { readChampion, readModelFiles, shippedFolder } from '#db/models.ts'

export interface HeadBase {
  readonly folder: BaseFolder
  /** `name version` */
  readonly title: string
}

type FetchFile = (path: string) => Promise<Uint8Array>

const FOREST = SHIPPED_MODELS[1]

/** `fetchOwn` gives a file of the site. Throws ModelError when the files are not whole. */
export async function findHeadBase(fetchOwn: FetchFile): Promise<HeadBase> {
  const champion = await readChampion('judge')
  const inUse = champion && (await judgesByFlow(await filesOf(champion.modelId, fetchOwn)))
  if (inUse) return inUse
  const forest = await judgesByFlow((path) => fetchOwn(folderOf(FOREST) + path))
  if (!forest) throw new ModelError(`${FOREST.name} ${FOREST.version}, which comes with the app, cannot be taught`)
  return forest
}

async function filesOf(modelId: string, fetchOwn: FetchFile): Promise<FetchFile> {
  const shipped = shippedFolder(modelId)
  if (shipped !== undefined) return (path) => fetchOwn(shipped + path)
  return among(await readModelFiles(modelId))
}

/** Of a head the model below it. Undefined for what judges several flows together, or only names kinds of attack. */
async function judgesByFlow(fetchFile: FetchFile): Promise<HeadBase | undefined> {
  const bytes = await fetchFile(MANIFEST_FILE)
  if (!isFolderManifest(parseManifest(bytes))) return undefined
  const { manifest, files } = await readModelFolder(fetchFile)
  const below = manifest.kind === 'head' ? files.get(BASE_FILE) : undefined
  if (below) return judgesByFlow(among(unpackModel(below)))
  if (manifest.window > 1 || manifest.kind === 'family') return undefined
  return { folder: new Map([[MANIFEST_FILE, bytes], ...files]), title: `${manifest.name} ${manifest.version}` }
}

function among(files: ReadonlyMap<string, Uint8Array>): FetchFile {
  return async (path) => {
    const bytes = files.get(path)
    if (!bytes) throw new ModelError(`this model has no ${path}`)
    return bytes
  }
}
