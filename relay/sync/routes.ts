/** The one channel through which a page keeps its copy of the relay (core/sync/wire.ts). */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import type { User } from '#core/account/wire.ts'
import type { Alert } from '#core/alert/wire.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import type { Verdict } from '#core/live/wire.ts'
import type { Rule } from '#core/prevent/wire.ts'
import { MAX_SYNC_ALERTS, MAX_SYNC_VERDICTS, type SyncAnswer, syncQuery } from '#core/sync/wire.ts'

/** The newest after `since` in rising order, at most `limit`. */
type Newest<T> = (since: number, limit: number) => Promise<T[]>

export interface SyncOptions {
  readonly devices: () => Promise<WatchedDevice[]>
  readonly rules: () => Promise<Rule[]>
  /** By time of change, µs. */
  readonly alerts: Newest<Alert>
  /** By id. */
  readonly verdicts: Newest<Verdict>
  readonly user: (id: string) => Promise<User>
}

export function registerSync(app: FastifyInstance, options: SyncOptions): void {
  app.get('/api/v1/sync', { config: { role: 'viewer', peopleOnly: true } }, async (request): Promise<SyncAnswer> => {
    const since = v.parse(syncQuery, request.query)
    const [devices, rules, alerts, verdicts, me] = await Promise.all([
      options.devices(),
      options.rules(),
      // One more than is sent tells whether any were left out.
      options.alerts(since.alerts, MAX_SYNC_ALERTS + 1),
      options.verdicts(since.verdicts, MAX_SYNC_VERDICTS + 1),
      options.user(request.actor.id),
    ])
    return {
      next: {
        alerts: alerts.at(-1)?.changedMicros ?? since.alerts,
        verdicts: verdicts.at(-1)?.id ?? since.verdicts,
      },
      gap: alerts.length > MAX_SYNC_ALERTS || verdicts.length > MAX_SYNC_VERDICTS,
      me,
      devices,
      rules,
      alerts: alerts.slice(-MAX_SYNC_ALERTS),
      verdicts: verdicts.slice(-MAX_SYNC_VERDICTS),
    }
  })
}
