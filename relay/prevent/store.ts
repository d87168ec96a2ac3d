/** Rules and the log of actions in the store. */
import type { Kysely, Selectable, Transaction } from 'kysely'
import * as v from 'valibot'
import { alert } from '#core/alert/wire.ts'
import { LASTING, type Occasion, type Past, type Peer } from '#core/prevent/evaluate.ts'
import { type ActionRecord, actionRecord, type Rule, rule } from '#core/prevent/wire.ts'
import { RefusedError } from '../http/errors.ts'
import type { Tables } from '../store/schema.ts'

type Db = Kysely<Tables>
type Trx = Transaction<Tables>
export type ActionRow = Selectable<Tables['actions']>

const asRule = ({ id, body, enabled, revision, created_micros }: Tables['rules']): Rule =>
  v.parse(rule, { ...JSON.parse(body), id, enabled: enabled === 1, revision, createdMicros: created_micros })

export async function listRules(db: Db): Promise<Rule[]> {
  return (await db.selectFrom('rules').selectAll().orderBy('created_micros').orderBy('id').execute()).map(asRule)
}

/** Throws RefusedError 404. */
export async function getRule(db: Db, id: string): Promise<Rule> {
  const row = await db.selectFrom('rules').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new RefusedError(404, 'There is no such rule.')
  return asRule(row)
}

type RuleFields = Omit<Rule, 'id' | 'revision' | 'createdMicros'>

export async function addRule(trx: Trx, id: string, fields: RuleFields, nowMicros: number): Promise<Rule> {
  const { enabled, ...body } = fields
  const row = {
    id,
    body: JSON.stringify(body),
    enabled: Number(enabled),
    created_micros: nowMicros,
    fired_micros: null,
    revision: 1,
  }
  await trx.insertInto('rules').values(row).execute()
  return asRule(row)
}

/** A `seen` revision that is not the newest is refused with what there is now. */
export async function changeRule(trx: Trx, id: string, fields: RuleFields, seen: number | undefined): Promise<Rule> {
  const before = await getRule(trx, id)
  if (seen !== undefined && seen !== before.revision)
    throw new RefusedError(409, 'Somebody changed this rule meanwhile.', { now: before })
  const { enabled, ...body } = fields
  const row = await trx
    .updateTable('rules')
    .set((eb) => ({ body: JSON.stringify(body), enabled: Number(enabled), revision: eb('revision', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return asRule(row)
}

/** What it did stays in the log, and stands until it expires or is undone. */
export async function removeRule(trx: Trx, id: string): Promise<void> {
  await getRule(trx, id)
  await trx.deleteFrom('rules').where('id', '=', id).execute()
}

export function asAction(row: ActionRow): ActionRecord {
  const { at_micros, expires_micros, undone_micros, success, alert: alertId, ...rest } = row
  return v.parse(actionRecord, {
    ...rest,
    success: success === 1,
    atMicros: at_micros,
    ...(alertId === null ? {} : { alert: alertId }),
    ...(expires_micros === null ? {} : { expiresMicros: expires_micros }),
    ...(undone_micros === null ? {} : { undoneMicros: undone_micros }),
  })
}

export interface ActionQuery {
  readonly device: string | undefined
  readonly rule: string | undefined
  readonly page: number
  readonly size: number
}

export async function listActions(
  db: Db,
  { device, rule: ruleId, page, size }: ActionQuery,
): Promise<{ actions: ActionRecord[]; total: number }> {
  let all = db.selectFrom('actions')
  if (device !== undefined) all = all.where('device', '=', device)
  if (ruleId !== undefined) all = all.where('rule', '=', ruleId)
  const [rows, { total }] = await Promise.all([
    all
      .selectAll()
      .orderBy('id', 'desc')
      .limit(size)
      .offset((page - 1) * size)
      .execute(),
    all.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { actions: rows.map(asAction), total: Number(total) }
}

/** Written down and not done yet: without a sentence that says how it went. */
export async function pendingActions(db: Db): Promise<ActionRow[]> {
  return db
    .selectFrom('actions')
    .selectAll()
    .where('success', '=', 0)
    .where('detail', '=', '')
    .orderBy('id')
    .limit(100)
    .execute()
}

/** Done, of a kind that lasts, and not undone. */
export async function standingActions(db: Db): Promise<ActionRow[]> {
  return db
    .selectFrom('actions')
    .selectAll()
    .where('success', '=', 1)
    .where('undone_micros', 'is', null)
    .where('action', 'in', [...LASTING])
    .orderBy('id')
    .execute()
}

/** Of the device, by rule. */
export async function pastOf(db: Db, device: string, nowMicros: number): Promise<Past> {
  const rows = await db
    .selectFrom('actions')
    .select((eb) => ['rule', eb.fn.max('at_micros').as('last')])
    .where('device', '=', device)
    .groupBy('rule')
    .execute()
  const last = new Map(rows.map(({ rule: ruleId, last: micros }) => [ruleId, Number(micros)]))
  const standing = (await standingActions(db)).filter(
    (row) => row.device === device && (row.expires_micros === null || row.expires_micros > nowMicros),
  )
  const stands = new Set(standing.map(({ rule: ruleId }) => ruleId))
  return { lastMicros: (ruleId) => last.get(ruleId), stands: (ruleId) => stands.has(ruleId) }
}

/** Of a case what rules look at. Numbers that JSON could not keep are null. */
const number = v.nullable(v.number())
const caseGlance = v.object({
  findings: v.array(v.object({ score: number, threshold: number })),
  facts: v.object({ peers: v.array(v.object({ address: v.string(), bytes: number, isNew: v.boolean() })) }),
})

/** What people were told since then, as rules see it, the oldest first. */
export async function occasionsSince(db: Db, sinceMicros: number): Promise<Occasion[]> {
  const rows = await db
    .selectFrom('alerts')
    .leftJoin('devices', 'devices.id', 'alerts.device')
    .leftJoin('cases', 'cases.id', 'alerts.case_id')
    .select(['alerts.id', 'alerts.device', 'alerts.type', 'alerts.severity', 'alerts.title', 'alerts.opened_micros'])
    .select(['devices.name', 'cases.body'])
    .where('alerts.opened_micros', '>=', sinceMicros)
    .orderBy('alerts.opened_micros')
    .orderBy('alerts.id')
    .execute()
  return rows.map((row) => ({
    alert: row.id,
    device: row.device,
    deviceName: row.name ?? row.device,
    type: v.parse(alert.entries.type, row.type),
    severity: v.parse(alert.entries.severity, row.severity),
    title: row.title,
    atMicros: row.opened_micros,
    ...glanceAt(row.body),
  }))
}

function glanceAt(body: string | null): { ratio: number | undefined; peers: Peer[] } {
  const read = v.safeParse(caseGlance, body === null ? undefined : JSON.parse(body))
  if (!read.success) return { ratio: undefined, peers: [] }
  const { findings, facts } = read.output
  const ratios = findings.flatMap(({ score, threshold }) => (score !== null && threshold ? score / threshold : []))
  return {
    ratio: ratios.reduce((most, ratio) => Math.max(most, ratio), 0),
    peers: facts.peers.map(({ address, bytes, isNew }) => ({ address, bytes: bytes ?? 0, isNew })),
  }
}
