/** All models as a page lists them: the shipped ones, read from the site, and those of this home, live from the registry. */
import { ONNX_FILE } from '#core/model/folder.ts'
import type { ModelRef } from '#db/models.ts'
import { watchChampion, watchModels, watchPromotions } from '#db/models.ts'
import type { ModelRecord, PromotionRecord } from '#db/schema.ts'
import type { ModelItem } from '#lib/ui/model-item.ts'
import { Live } from './live.svelte.ts'
import { shippedModels } from './shipped-models.svelte.ts'

const MOST_MODELS = 200

export class ModelShelf {
  readonly #own = new Live(() => watchModels(MOST_MODELS))
  readonly #champion = new Live(() => watchChampion('judge'))
  readonly #log = new Live(() => watchPromotions('judge'))

  /** Undefined while loading. Own models first, the newest before the older. */
  readonly models: readonly ModelItem[] | undefined = $derived.by(() => {
    const { list } = shippedModels
    return this.#own.value && list && [...this.#own.value.map(shelved), ...list]
  })
  /** The id of the model that scans use: the first shipped one unless another was promoted. */
  readonly inUse: string | undefined = $derived(
    this.#champion.value === undefined ? undefined : (this.#champion.value?.modelId ?? shippedModels.list?.[0]?.id),
  )
  /** Who would take over by going back; undefined when nobody was promoted. */
  readonly before: ModelRef | undefined = $derived.by(() => {
    const standing = this.log.filter(({ rolledBackAt }) => rolledBackAt === undefined)
    if (standing.length === 0) return undefined
    const earlier = standing.slice(1).find(({ modelId }) => this.find(modelId) !== undefined)
    return earlier ? this.find(earlier.modelId) : shippedModels.list?.[0]
  })

  constructor() {
    shippedModels.load()
  }

  get champion(): PromotionRecord | null | undefined {
    return this.#champion.value
  }
  get log(): readonly PromotionRecord[] {
    return this.#log.value ?? []
  }

  /** By the `name version` that another names as its parent. */
  named(title: string | undefined): ModelItem | undefined {
    return this.models?.find(({ name, version }) => `${name} ${version}` === title)
  }

  find(id: string | undefined): ModelItem | undefined {
    return this.models?.find((model) => model.id === id)
  }
}

function shelved(record: ModelRecord): ModelItem {
  const sizeBytes = record.files.reduce((sum, file) => sum + file.sizeBytes, 0)
  return { ...record, sizeBytes, hasNetwork: record.files.some(({ path }) => path === ONNX_FILE) }
}
