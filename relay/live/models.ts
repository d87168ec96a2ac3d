/** Models that pages promoted for live traffic, kept with the log of who did so. */
import { ModelError } from '#core/base/errors.ts'
import { unpackModel } from '#core/model/archive.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { appendAudit } from '../audit/append.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import { openLiveModel, openShippedModel } from './model.ts'

/** Models kept to go back to. */
const MOST_KEPT = 10

/** Throws ModelError for what is no model of windows, not whole, or changed. */
export function readModelArchive(archive: Uint8Array): Promise<ScanModel> {
  const files = unpackModel(archive)
  return openLiveModel(async (path) => {
    const bytes = files.get(path)
    if (!bytes) throw new ModelError(`this model has no ${path}`)
    return bytes
  })
}

export class ModelShelf {
  readonly #store: Store
  readonly #now: () => number

  constructor(store: Store, now: () => number) {
    this.#store = store
    this.#now = now
  }

  /** The one in use. One that cannot be read any more is passed over: judging goes on with the shipped one. */
  async open(log: (error: unknown) => void): Promise<ScanModel> {
    const row = await this.#store.db.selectFrom('models').select('archive').where('active', '=', 1).executeTakeFirst()
    if (!row) return openShippedModel()
    try {
      return await readModelArchive(row.archive)
    } catch (error) {
      log(error)
      return openShippedModel()
    }
  }

  async keep(archive: Uint8Array, { manifest, sha256 }: ScanModel, by: string): Promise<void> {
    const { name, version } = manifest
    await this.#store.write(async (trx) => {
      await appendAudit(trx, { actor: by, action: 'model.promoted', target: `${name} ${version}`, detail: { sha256 } })
      await trx.updateTable('models').set({ active: 0 }).execute()
      const row = { name, version, archive, at_micros: this.#now(), active: 1 }
      await trx
        .insertInto('models')
        .values({ sha256, ...row })
        .onConflict((conflict) => conflict.column('sha256').doUpdateSet(row))
        .execute()
      const old = await trx
        .selectFrom('models')
        .select('sha256')
        .orderBy('at_micros', 'desc')
        .offset(MOST_KEPT)
        .limit(100)
        .execute()
      if (old.length > 0)
        await trx
          .deleteFrom('models')
          .where(
            'sha256',
            'in',
            old.map((row) => row.sha256),
          )
          .execute()
    })
  }

  /** Throws RefusedError 409 when the shipped one is in use already. */
  async goBack(by: string): Promise<ScanModel> {
    const before = await this.#store.write(async (trx) => {
      const [active, earlier] = await trx
        .selectFrom('models')
        .select(['sha256', 'name', 'version', 'active'])
        .orderBy('at_micros', 'desc')
        .limit(2)
        .execute()
      if (!active?.active) throw new RefusedError(409, 'There is no model before this one.')
      await appendAudit(trx, { actor: by, action: 'model.rolled-back', target: `${active.name} ${active.version}` })
      await trx.deleteFrom('models').where('sha256', '=', active.sha256).execute()
      if (!earlier) return undefined
      const { archive } = await trx
        .updateTable('models')
        .set({ active: 1 })
        .where('sha256', '=', earlier.sha256)
        .returning('archive')
        .executeTakeFirstOrThrow()
      return archive
    })
    return before ? readModelArchive(before) : openShippedModel()
  }
}
