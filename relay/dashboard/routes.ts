/** What a glance needs: how bad it is, which devices, since when. */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { SEVERITIES, severityRank } from '#core/alert/severity.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import { describeRoute } from '../http/docs.ts'
import type { Store } from '../store/store.ts'

export interface DashboardOptions {
  readonly store: Store
  readonly devices: () => Promise<readonly WatchedDevice[]>
  readonly now: () => number
}

const DAY_MICROS = 86_400e6
const HOUR_MICROS = 3600e6
const BUCKETS = 96

const span = v.object({
  hours: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,3}$/), v.transform(Number), v.minValue(1), v.maxValue(672)),
    '24',
  ),
})

export function registerDashboard(app: FastifyInstance, { store, devices, now }: DashboardOptions): void {
  const tag = 'dashboard'
  app.get(
    '/api/v1/dashboard/stats',
    {
      config: { role: 'viewer' },
      schema: describeRoute('Threat level, active devices, cases today, benign rate', { tag }),
    },
    async () => {
      const since = now() - DAY_MICROS
      const [open, cases, judged] = await Promise.all([
        store.db.selectFrom('alerts').select('severity').where('state', '=', 'open').execute(),
        store.db
          .selectFrom('cases')
          .select((eb) => eb.fn.countAll<number>().as('count'))
          .where('end_micros', '>=', since)
          .executeTakeFirstOrThrow(),
        store.db
          .selectFrom('verdicts')
          .select((eb) => [
            eb.fn.countAll<number>().as('all'),
            eb.fn.countAll<number>().filterWhere('score', '>', eb.ref('threshold')).as('odd'),
          ])
          .where('at_micros', '>=', since)
          .executeTakeFirstOrThrow(),
      ])
      const all = await devices()
      const total = Number(judged.all)
      return {
        /** That of the loudest open alert; 'none' without one. */
        threatLevel: SEVERITIES.findLast((name) => open.some(({ severity }) => severity === name)) ?? 'none',
        devices: all.length,
        activeDevices: all.filter(({ status }) => status === 'online' || status === 'under_attack').length,
        underAttack: all.filter(({ status }) => status === 'under_attack').length,
        casesToday: Number(cases.count),
        judgedToday: total,
        benignRate: total > 0 ? 1 - Number(judged.odd) / total : undefined,
        openAlerts: open.length,
      }
    },
  )
  app.get(
    '/api/v1/dashboard/timeline',
    {
      config: { role: 'viewer' },
      schema: describeRoute('The highest score over its line, and how many, by stretch of time', { query: span, tag }),
    },
    async ({ query }) => {
      const { hours } = v.parse(span, query)
      const width = Math.ceil((hours * HOUR_MICROS) / BUCKETS)
      const first = Math.floor(now() / width) - BUCKETS + 1
      const rows = await store.db
        .selectFrom('verdicts')
        .select((eb) => [
          eb.cast<number>(eb('at_micros', '/', eb.lit(width)), 'integer').as('bucket'),
          eb.fn.countAll<number>().as('judged'),
          eb.fn.countAll<number>().filterWhere('score', '>', eb.ref('threshold')).as('odd'),
          eb.fn.max<number>(eb('score', '/', eb.ref('threshold'))).as('highest'),
        ])
        .where('at_micros', '>=', first * width)
        .groupBy('bucket')
        .orderBy('bucket')
        .execute()
      return {
        widthMicros: width,
        points: rows.map(({ bucket, judged, odd, highest }) => ({
          atMicros: bucket * width,
          judged: Number(judged),
          odd: Number(odd),
          highestRatio: highest,
        })),
      }
    },
  )
  app.get(
    '/api/v1/dashboard/attack-distribution',
    { config: { role: 'viewer' }, schema: describeRoute('Alerts by type and severity', { query: span, tag }) },
    async ({ query }) => {
      const { hours } = v.parse(span, query)
      const rows = await store.db
        .selectFrom('alerts')
        .select((eb) => ['type', 'severity', eb.fn.countAll<number>().as('count')])
        .where('opened_micros', '>=', now() - hours * HOUR_MICROS)
        .groupBy(['type', 'severity'])
        .execute()
      return { alerts: rows.map(({ type, severity, count }) => ({ type, severity, count: Number(count) })) }
    },
  )
  app.get(
    '/api/v1/dashboard/device-health',
    {
      config: { role: 'viewer' },
      schema: describeRoute('Each device: its status, last seen, and its loudest open alert', { tag }),
    },
    async () => {
      const open = await store.db
        .selectFrom('alerts')
        .select(['device', 'severity'])
        .where('state', '=', 'open')
        .execute()
      return {
        devices: (await devices()).map(({ id, name, type, status, monitored, lastSeenMicros }) => {
          const own = open.filter(({ device }) => device === id).map(({ severity }) => severity)
          const loudest = SEVERITIES.findLast((name) => own.includes(name))
          return {
            id,
            name,
            type,
            status,
            monitored,
            lastSeenMicros,
            openAlerts: own.length,
            ...(loudest ? { loudest, rank: severityRank(loudest) } : {}),
          }
        }),
      }
    },
  )
}
