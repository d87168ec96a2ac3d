/** Rules as pages keep them. */
import type { Kysely } from 'kysely'
import * as v from 'valibot'
import { type Rule, rule } from '#core/prevent/wire.ts'
import type { Tables } from '../store/schema.ts'

export async function allRules(db: Kysely<Tables>): Promise<Rule[]> {
  const rows = await db.selectFrom('rules').selectAll().orderBy('created_micros').execute()
  return rows.map(({ id, body, enabled, revision, created_micros }) =>
    v.parse(rule, { ...JSON.parse(body), id, enabled: enabled === 1, revision, createdMicros: created_micros }),
  )
}
