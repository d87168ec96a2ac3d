/** The audit log over HTTP: to read, to take away and verify elsewhere, to shorten. */
import type { KeyObject } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { describeRoute } from '../http/docs.ts'
import type { Store } from '../store/store.ts'
import { exportAudit, readAudit, shortenAudit } from './append.ts'
import { findFlaw } from './chain.ts'

const MOST = 500
const whole = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number))
const page = v.object({ before: v.optional(whole), limit: v.optional(v.pipe(whole, v.maxValue(MOST)), '100') })
const shorten = v.strictObject({ beforeMicros: v.pipe(v.number(), v.integer(), v.minValue(0)) })

export interface AuditOptions {
  readonly store: Store
  /** Ed25519: signs the head of exports. */
  readonly key: KeyObject
}

export function registerAudit(app: FastifyInstance, { store, key }: AuditOptions): void {
  const tag = 'audit'
  app.get(
    '/api/v1/audit',
    { config: { role: 'admin' }, schema: describeRoute('The newest entries', { query: page, tag }) },
    async (request) => {
      const { before, limit } = v.parse(page, request.query)
      return readAudit(store.db, { before, limit })
    },
  )
  app.get(
    '/api/v1/audit/export',
    { config: { role: 'admin' }, schema: describeRoute('The whole log with its signed head', { tag }) },
    async () => exportAudit(store.db, key),
  )
  app.get(
    '/api/v1/audit/verify',
    { config: { role: 'admin' }, schema: describeRoute('Whether the log is whole and unchanged', { tag }) },
    async () => {
      const log = await exportAudit(store.db, key)
      const flaw = findFlaw(log)
      return { entries: log.entries.length, whole: flaw === undefined, ...(flaw ? { flaw } : {}) }
    },
  )
  app.post(
    '/api/v1/audit/shorten',
    {
      config: { role: 'admin' },
      schema: describeRoute('Remove old entries; one is left that says so', { body: shorten, tag }),
    },
    async (request) => {
      const { beforeMicros } = v.parse(shorten, request.body)
      return { removed: await store.write((trx) => shortenAudit(trx, request.actor.name, beforeMicros)) }
    },
  )
}
