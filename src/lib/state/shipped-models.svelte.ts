/** The models that come with the app: their manifests and cards, kept with the site. */
import { SHIPPED_MODELS, shippedFolder } from '#core/model/shipped.ts'
import { shippedId } from '#db/models.ts'
import type { ModelItem } from '#lib/ui/model-item.ts'
import { resolve } from '$app/paths'

class ShippedModels {
  /** The one in use by default first. Undefined while loading. */
  list: readonly ModelItem[] | undefined = $state.raw()
  /** Why they are not known. */
  problem: string | undefined = $state()
  #asked = false

  load(): void {
    if (this.#asked) return
    this.#asked = true
    Promise.all(SHIPPED_MODELS.map((model) => readShipped(shippedFolder(model)))).then(
      (list) => {
        this.list = list
        this.problem = undefined
      },
      (error: unknown) => {
        this.#asked = false
        this.problem = error instanceof Error ? error.message : String(error)
      },
    )
  }
}

export const shippedModels = new ShippedModels()

/** The bytes of a file in a shipped model's folder. */
async function fetchShipped(path: string): Promise<Uint8Array> {
  const response = await fetch(`${resolve('/')}${path}`)
  if (!response.ok) throw new Error(`The app's own file ${path} could not be loaded (status ${response.status}).`)
  return new Uint8Array(await response.arrayBuffer())
}

/** Every file of a shipped model by its name. */
export async function shippedFiles(id: string): Promise<Map<string, Uint8Array>> {
  const folder = `models/${id.replace(/^shipped\//, '')}/`
  const manifest = await fetchShipped(`${folder}manifest.json`)
  const { parseManifest } = await import('#core/model/folder.ts')
  const { filesNamed } = await import('#core/model/manifest.ts')
  const names = filesNamed(parseManifest(manifest)).map(({ path }) => path)
  const rest = [...new Set([...names, 'card.md'])]
  const bytes = await Promise.all(rest.map((path) => fetchShipped(folder + path)))
  return new Map([['manifest.json', manifest], ...rest.map((path, i) => [path, bytes[i]!] as const)])
}

async function readShipped(folder: string): Promise<ModelItem> {
  const [manifestBytes, cardBytes, { parseManifest }, { isFolderManifest, readFolderManifest }, { readManifest }] =
    await Promise.all([
      fetchShipped(`${folder}manifest.json`),
      fetchShipped(`${folder}card.md`),
      import('#core/model/folder.ts'),
      import('#core/model/folder-manifest.ts'),
      import('#core/model/manifest.ts'),
    ])
  const value = parseManifest(manifestBytes)
  const manifest = isFolderManifest(value) ? readFolderManifest(value) : readManifest(value)
  const { name, version, kind, created, files } = manifest
  return {
    id: shippedId(name, version),
    name,
    version,
    kind,
    source: 'shipped',
    createdAt: created === undefined ? Number.NaN : Date.parse(created),
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    hasNetwork: files.some(({ path }) => path === 'model.onnx'),
    parent: undefined,
    dataHash: 'dataSha256' in manifest ? manifest.dataSha256 : undefined,
    card: new TextDecoder().decode(cardBytes),
  }
}
