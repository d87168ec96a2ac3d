/** Settings over HTTP: what each person keeps for themselves (panels of their dashboard), and how long the relay keeps things. */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { appendAudit } from '../audit/append.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import { readSetting, writeSetting } from '../store/settings.ts'
import type { Store } from '../store/store.ts'
import { cleanUp, RETENTION, readRetention, retention } from './clean.ts'

const CLEAN_EVERY_MS = 3_600_000
const MOST_BYTES = 16 << 10

const key = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9-]{0,40}$/, 'The name of a setting is small letters, digits and -'),
)
const own = v.strictObject({ value: v.unknown() })

export interface SettingsOptions {
  readonly store: Store
  readonly now: () => number
  readonly log: (error: unknown) => void
}

type WithKey = { Params: { key: string } }

export function registerSettings(app: FastifyInstance, { store, now, log }: SettingsOptions): void {
  const tag = 'settings'
  app.get<WithKey>(
    '/api/v1/me/settings/:key',
    { config: { role: 'viewer', peopleOnly: true }, schema: describeRoute('A setting of mine', { tag }) },
    async ({ actor, params }) => ({
      value: (await readSetting(store.db, v.parse(key, params.key), v.unknown(), actor.id)) ?? null,
    }),
  )
  app.put<WithKey>(
    '/api/v1/me/settings/:key',
    {
      config: { role: 'viewer', peopleOnly: true },
      bodyLimit: MOST_BYTES,
      schema: describeRoute('Keep a setting of mine', { body: own, tag }),
    },
    async ({ actor, params, body }) => {
      const { value } = v.parse(own, body)
      if (value === undefined) throw new RefusedError(400, 'A setting has a value.')
      await store.write((trx) => writeSetting(trx, v.parse(key, params.key), value, now(), actor.id))
      return { value }
    },
  )
  app.get(
    '/api/v1/settings/retention',
    { config: { role: 'viewer' }, schema: describeRoute('Days for which things are kept', { tag }) },
    () => readRetention(store),
  )
  app.put(
    '/api/v1/settings/retention',
    { config: { role: 'admin' }, schema: describeRoute('Keep things for so many days', { body: retention, tag }) },
    async ({ actor, body }) => {
      const given = v.parse(retention, body)
      await store.write(async (trx) => {
        await appendAudit(trx, { actor: actor.name, action: 'retention.changed', target: 'relay', detail: given })
        await writeSetting(trx, RETENTION, given, now())
      })
      return given
    },
  )
  app.post(
    '/api/v1/settings/clean-up',
    { config: { role: 'admin' }, schema: describeRoute('Remove now what is older than that', { tag }) },
    async ({ actor }) => {
      await store.write((trx) => appendAudit(trx, { actor: actor.name, action: 'data.cleaned-up', target: 'relay' }))
      return { removed: await cleanUp(store, now()) }
    },
  )
  const timer = setInterval(() => void cleanUp(store, now()).catch(log), CLEAN_EVERY_MS).unref()
  app.addHook('onClose', async () => clearInterval(timer))
}
