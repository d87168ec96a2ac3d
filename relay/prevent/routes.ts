/** Rules of prevention over HTTP: kept, tried on the past, switched on and off; what was done, by hand too, and undone; recipes for other boxes. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import type { WatchedDevice } from '#core/device/wire.ts'
import { readAddress, whyNotBlock } from '#core/prevent/address.ts'
import { dryRun } from '#core/prevent/dry-run.ts'
import { DEFAULT_RATE } from '#core/prevent/evaluate.ts'
import { recipesFor } from '#core/prevent/recipes.ts'
import { actionRequest, changeRuleRequest, type Rule, ruleRequest, toggleRuleRequest } from '#core/prevent/wire.ts'
import { appendAudit } from '../audit/append.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import type { PeoplesAddresses } from './kept-open.ts'
import type { Prevention } from './prevention.ts'
import { addRule, changeRule, getRule, listActions, listRules, occasionsSince, removeRule } from './store.ts'

export interface PreventRoutes {
  readonly store: Store
  readonly prevention: Prevention
  readonly people: PeoplesAddresses
  readonly kept: () => Promise<ReadonlyMap<string, string>>
  readonly device: (id: string) => Promise<WatchedDevice | undefined>
  readonly timeZone: string
  readonly now: () => number
}

const MOST_RULES = 200
const MOST_ON_A_PAGE = 200
const WEEK_MICROS = 7 * 86_400e6

const number = (least: number, most: number) =>
  v.pipe(v.string(), v.regex(/^\d{1,6}$/), v.transform(Number), v.minValue(least), v.maxValue(most))
const listQuery = v.object({
  page: v.optional(number(1, 100_000), '1'),
  size: v.optional(number(1, MOST_ON_A_PAGE), '50'),
  device: v.optional(v.pipe(v.string(), v.maxLength(64))),
  rule: v.optional(v.pipe(v.string(), v.maxLength(64))),
})
const span = v.object({ weeks: v.optional(number(1, 52), '4') })
const word = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(255)))
const recipeQuery = v.object({ device: v.pipe(v.string(), v.maxLength(64)), mac: word, peer: word, entity: word })

type WithId = { Params: { id: string } }

export function registerPrevent(app: FastifyInstance, options: PreventRoutes): void {
  const { store, people, now } = options
  const tag = 'rules'
  app.addHook('preHandler', async ({ knownActor, ip }) => {
    if (knownActor?.role === 'admin' || knownActor?.role === 'operator') people.see(ip, knownActor.name, now())
  })

  app.get(
    '/api/v1/rules',
    { config: { role: 'viewer' }, schema: describeRoute('Rules of prevention', { tag }) },
    async () => ({ rules: await listRules(store.db) }),
  )
  app.post(
    '/api/v1/rules',
    {
      config: { role: 'admin' },
      schema: describeRoute('Add a rule; it is off unless said otherwise', { body: ruleRequest, tag }),
    },
    async (request, reply) => {
      const fields = v.parse(ruleRequest, request.body)
      await checkRule(fields, options)
      const rule = await store.write(async (trx) => {
        if ((await listRules(trx)).length >= MOST_RULES)
          throw new RefusedError(409, `There are at most ${MOST_RULES} rules.`)
        const id = `r-${randomUUID().slice(0, 8)}`
        await appendAudit(trx, { actor: request.actor.name, action: 'rule.added', target: id, detail: fields })
        return addRule(trx, id, fields, now())
      })
      return reply.code(201).send(rule)
    },
  )
  app.post(
    '/api/v1/rules/dry-run',
    {
      config: { role: 'operator' },
      schema: describeRoute('What a rule would have done, before it is kept', { body: ruleRequest, query: span, tag }),
    },
    async ({ body, query }) => {
      const fields = v.parse(ruleRequest, body)
      return tryOut({ ...fields, id: '', revision: 0, createdMicros: now() }, query, options)
    },
  )
  app.post<WithId>(
    '/api/v1/rules/:id/dry-run',
    {
      config: { role: 'operator' },
      schema: describeRoute('What it would have done in the last weeks', { query: span, tag }),
    },
    async ({ params, query }) => tryOut(await getRule(store.db, params.id), query, options),
  )
  app.put<WithId>(
    '/api/v1/rules/:id',
    { config: { role: 'admin' }, schema: describeRoute('Change a rule', { body: changeRuleRequest, tag }) },
    async (request) => {
      const { revision, ...fields } = v.parse(changeRuleRequest, request.body)
      await checkRule(fields, options)
      return store.write(async (trx) => {
        await appendAudit(trx, {
          actor: request.actor.name,
          action: 'rule.changed',
          target: request.params.id,
          detail: fields,
        })
        return changeRule(trx, request.params.id, fields, revision)
      })
    },
  )
  app.post<WithId>(
    '/api/v1/rules/:id/toggle',
    {
      config: { role: 'operator' },
      schema: describeRoute('Switch a rule on or off', { body: toggleRuleRequest, tag }),
    },
    async (request) => {
      const { enabled } = v.parse(toggleRuleRequest, request.body)
      return store.write(async (trx) => {
        const { id, revision, createdMicros: _, ...fields } = await getRule(trx, request.params.id)
        await appendAudit(trx, {
          actor: request.actor.name,
          action: enabled ? 'rule.enabled' : 'rule.disabled',
          target: id,
        })
        return changeRule(trx, id, { ...fields, enabled }, revision)
      })
    },
  )
  app.delete<WithId>(
    '/api/v1/rules/:id',
    {
      config: { role: 'admin' },
      schema: describeRoute('Remove a rule; what it did stands until it expires or is undone', { tag }),
    },
    async (request, reply) => {
      await store.write(async (trx) => {
        await appendAudit(trx, { actor: request.actor.name, action: 'rule.removed', target: request.params.id })
        await removeRule(trx, request.params.id)
      })
      return reply.code(204).send()
    },
  )
  registerActions(app, options)
  app.get(
    '/api/v1/recipes',
    {
      config: { role: 'viewer' },
      schema: describeRoute('How to stop a device at a router or box that the relay cannot reach', {
        query: recipeQuery,
        tag,
      }),
    },
    async ({ query }) => {
      const { device, mac, peer, entity } = v.parse(recipeQuery, query)
      const found = await options.device(device)
      if (!found) throw new RefusedError(404, 'There is no such device.')
      return {
        recipes: recipesFor({
          name: found.name,
          ...addressOrMac(found.address),
          ...(mac ? { mac } : {}),
          peer,
          entity,
        }),
      }
    },
  )
}

function registerActions(app: FastifyInstance, options: PreventRoutes): void {
  const { store, prevention, now } = options
  const tag = 'actions'
  app.get(
    '/api/v1/actions',
    { config: { role: 'viewer' }, schema: describeRoute('What was done, the newest first', { query: listQuery, tag }) },
    async ({ query }) => {
      const { page, size, device, rule } = v.parse(listQuery, query)
      return { ...(await listActions(store.db, { device, rule, page, size })), page, size }
    },
  )
  app.post(
    '/api/v1/actions',
    {
      config: { role: 'operator' },
      schema: describeRoute('Act at once, without a rule', { body: actionRequest, tag }),
    },
    async (request, reply) => {
      const { device, action, messagesPerSecond, address, expirySeconds } = v.parse(actionRequest, request.body)
      if (!(await options.device(device))) throw new RefusedError(404, 'There is no such device.')
      if (action === 'block' && address === undefined) throw new RefusedError(400, 'To block, say which address.')
      if (action === 'block') await checkAddress(address, options)
      const target = { block: address ?? '', rate_limit: String(messagesPerSecond ?? DEFAULT_RATE), quarantine: '' }[
        action
      ]
      const expiresMicros = expirySeconds === 0 ? undefined : now() + expirySeconds * 1e6
      const done = await prevention.act({ device, action, target, expiresMicros }, request.actor.name)
      return reply.code(201).send(done)
    },
  )
  app.post<WithId>(
    '/api/v1/actions/:id/undo',
    { config: { role: 'operator' }, schema: describeRoute('Take back what stands', { tag }) },
    async (request) => {
      const id = Number(request.params.id)
      if (!Number.isSafeInteger(id)) throw new RefusedError(404, 'There is no such action.')
      return prevention.undo(id, request.actor.name)
    },
  )
}

async function tryOut(rule: Rule, query: unknown, { store, now, timeZone }: PreventRoutes) {
  const { weeks } = v.parse(span, query)
  return dryRun(rule, await occasionsSince(store.db, now() - weeks * WEEK_MICROS), { weeks, timeZone })
}

/** A rule that could never act is refused when it is made, not at night. */
async function checkRule(
  { action, address, webhook, device }: v.InferOutput<typeof ruleRequest>,
  options: PreventRoutes,
) {
  if (action === 'webhook' && webhook === undefined) throw new RefusedError(400, 'A rule with a webhook says its URL.')
  if (webhook !== undefined && !/^https?:/.test(webhook))
    throw new RefusedError(400, 'A webhook is an http or https URL.')
  if (device !== undefined && !(await options.device(device)))
    throw new RefusedError(400, `There is no device ${device}.`)
  if (action === 'block') await checkAddress(address, options)
}

async function checkAddress(address: string | undefined, { kept }: PreventRoutes): Promise<void> {
  if (address === undefined) return
  const why = whyNotBlock(readAddress(address), await kept())
  if (why !== undefined) throw new RefusedError(400, why)
}

/** A device's address may be either, a host name, or nothing. */
function addressOrMac(text: string): { address?: string; mac?: string } {
  if (/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return { mac: text }
  try {
    return { address: readAddress(text) }
  } catch {
    return {}
  }
}
