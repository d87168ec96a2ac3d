/** Alerts over HTTP: lists, one, what people say of it, counts. */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { SEVERITIES } from '#core/alert/severity.ts'
import { ALERT_STATES, ALERT_TYPES, type Alert, changeAlertRequest } from '#core/alert/wire.ts'
import { appendAudit } from '../audit/append.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import { nextChange } from './raise.ts'
import { countUnread, findAlert, listAlerts, updateAlert } from './store.ts'

const MOST_ON_A_PAGE = 200
const MOST_NOTES = 200
const number = (least: number, most: number) =>
  v.pipe(v.string(), v.regex(/^\d{1,6}$/), v.transform(Number), v.minValue(least), v.maxValue(most))
const listQuery = v.object({
  page: v.optional(number(1, 100_000), '1'),
  size: v.optional(number(1, MOST_ON_A_PAGE), '50'),
  state: v.optional(v.picklist(ALERT_STATES)),
  severity: v.optional(v.picklist(SEVERITIES)),
  type: v.optional(v.picklist(ALERT_TYPES)),
  device: v.optional(v.pipe(v.string(), v.maxLength(64))),
})
const span = v.object({ hours: v.optional(number(1, 672), '168') })

export interface AlertOptions {
  readonly store: Store
  readonly now: () => number
  /** After the commit. */
  readonly changed: (alert: Alert) => void
}

type WithId = { Params: { id: string } }

export function registerAlerts(app: FastifyInstance, { store, now, changed }: AlertOptions): void {
  const tag = 'alerts'
  app.get(
    '/api/v1/alerts',
    { config: { role: 'viewer' }, schema: describeRoute('Alerts, the newest first', { query: listQuery, tag }) },
    async ({ query }) => {
      const { page, size, state, severity, type, device } = v.parse(listQuery, query)
      return { ...(await listAlerts(store.db, { page, size, state, severity, type, device })), page, size }
    },
  )
  app.get(
    '/api/v1/alerts/unread-count',
    { config: { role: 'viewer' }, schema: describeRoute('How many nobody has read', { tag }) },
    async () => ({ unread: await countUnread(store.db) }),
  )
  app.get(
    '/api/v1/alerts/stats',
    {
      config: { role: 'viewer' },
      schema: describeRoute('Counts by type, severity, state and day', { query: span, tag }),
    },
    async ({ query }) => {
      const { hours } = v.parse(span, query)
      const rows = await store.db
        .selectFrom('alerts')
        .select(['type', 'severity', 'state', 'opened_micros', 'changed_micros'])
        .where('opened_micros', '>=', now() - hours * 3600e6)
        .execute()
      const count = (pick: (row: (typeof rows)[number]) => string) => {
        const counts: Record<string, number> = {}
        for (const row of rows) counts[pick(row)] = (counts[pick(row)] ?? 0) + 1
        return counts
      }
      return {
        total: rows.length,
        byType: count(({ type }) => type),
        bySeverity: count(({ severity }) => severity),
        byState: count(({ state }) => state),
        byDay: count(({ opened_micros }) => new Date(opened_micros / 1000).toISOString().slice(0, 10)),
      }
    },
  )
  app.get<WithId>(
    '/api/v1/alerts/:id',
    { config: { role: 'viewer' }, schema: describeRoute('One alert with its case', { tag }) },
    async ({ params }) => {
      const alert = await findAlert(store.db, readId(params.id))
      if (!alert) throw noAlert()
      const found = await store.db.selectFrom('cases').select('body').where('id', '=', alert.case).executeTakeFirst()
      return { ...alert, ...(found ? { found: JSON.parse(found.body) } : {}) }
    },
  )
  app.patch<WithId>(
    '/api/v1/alerts/:id',
    {
      config: { role: 'operator' },
      schema: describeRoute('Acknowledge, resolve, reopen, read, or note', { body: changeAlertRequest, tag }),
    },
    async (request) => {
      const { state, read, note, revision } = v.parse(changeAlertRequest, request.body)
      const id = readId(request.params.id)
      const by = request.actor.name
      const alert = await store.write(async (trx) => {
        const before = await findAlert(trx, id)
        if (!before) throw noAlert()
        if (revision !== undefined && revision !== before.revision)
          throw new RefusedError(409, `${before.by ?? 'Somebody'} changed this alert meanwhile.`, { now: before })
        if (note !== undefined && before.notes.length >= MOST_NOTES)
          throw new RefusedError(409, `An alert has at most ${MOST_NOTES} notes.`)
        await appendAudit(trx, { actor: by, action: 'alert.changed', target: String(id), detail: { state, read } })
        const changedMicros = await nextChange(trx, now())
        const notes = note === undefined ? before.notes : [...before.notes, { by, atMicros: now(), text: note }]
        await updateAlert(
          trx,
          id,
          {
            ...(state === undefined ? {} : { state, changed_by: state === 'open' ? null : by, unread: 0 }),
            ...(read === undefined ? {} : { unread: read ? 0 : 1 }),
            notes: JSON.stringify(notes),
            changed_micros: changedMicros,
          },
          { revises: state !== undefined || note !== undefined },
        )
        return (await findAlert(trx, id)) ?? before
      })
      changed(alert)
      return alert
    },
  )
}

function readId(text: string): number {
  const id = Number(text)
  if (!Number.isSafeInteger(id)) throw noAlert()
  return id
}

const noAlert = () => new RefusedError(404, 'There is no such alert.')
