/** The registry of watched devices over HTTP. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import {
  changeDeviceRequest,
  deviceId,
  newDeviceRequest,
  WATCHED_STATUSES,
  type WatchedDevice,
} from '#core/device/wire.ts'
import { appendAudit } from '../audit/append.ts'
import { hashToken, newToken } from '../auth/tokens.ts'
import { describeRoute } from '../http/docs.ts'
import type { Store } from '../store/store.ts'
import { addDevice, changeDevice, findDevice, listDevices, noDevice, removeDevice } from './store.ts'

const MOST_ON_A_PAGE = 200
const MOST_IMPORTED = 500
const ID_LETTERS = 12

const number = (least: number, most: number) =>
  v.pipe(v.string(), v.regex(/^\d{1,6}$/), v.transform(Number), v.minValue(least), v.maxValue(most))
const listQuery = v.object({
  page: v.optional(number(1, 100_000), '1'),
  size: v.optional(number(1, MOST_ON_A_PAGE), '50'),
  status: v.optional(v.picklist(WATCHED_STATUSES)),
  search: v.optional(v.pipe(v.string(), v.maxLength(100))),
})
const importRequest = v.strictObject({
  devices: v.pipe(v.array(newDeviceRequest), v.minLength(1), v.maxLength(MOST_IMPORTED)),
})

export interface DeviceOptions {
  readonly store: Store
  readonly now: () => number
  /** After the commit: what runs for a device may have to begin or end. */
  readonly changed: (device: WatchedDevice) => Promise<void>
  readonly removed: (id: string) => Promise<void>
  /** Who came in with the old one has to leave. */
  readonly secretChanged: (id: string) => Promise<void>
}

type WithId = { Params: { id: string } }

export function registerDevices(app: FastifyInstance, options: DeviceOptions): void {
  const { store, now } = options
  const tag = 'devices'
  const note = (request: FastifyRequest, action: string, target: string, detail?: unknown) => ({
    actor: request.actor.name,
    action: `device.${action}`,
    target,
    detail,
  })

  app.get(
    '/api/v1/devices',
    { config: { role: 'viewer' }, schema: describeRoute('Watched devices, by page', { query: listQuery, tag }) },
    async (request) => {
      const { search, status, page, size } = v.parse(listQuery, request.query)
      return { ...(await listDevices(store.db, { search, status, page, size })), page, size }
    },
  )
  app.get<WithId>(
    '/api/v1/devices/:id',
    { config: { role: 'viewer' }, schema: describeRoute('One device', { tag }) },
    async ({ params }) => {
      const device = await findDevice(store.db, params.id)
      if (!device) throw noDevice()
      return device
    },
  )
  app.post(
    '/api/v1/devices',
    { config: { role: 'operator' }, schema: describeRoute('Add a device', { body: newDeviceRequest, tag }) },
    async (request, reply) => {
      const given = v.parse(newDeviceRequest, request.body)
      const device = await store.write(async (trx) => {
        const made = await addDevice(trx, { ...given, id: given.id ?? newId() }, now())
        await appendAudit(trx, note(request, 'added', made.id, given))
        return made
      })
      await options.changed(device)
      return reply.code(201).send(device)
    },
  )
  app.post(
    '/api/v1/devices/import',
    {
      config: { role: 'operator' },
      schema: describeRoute('Add several devices, all or none', { body: importRequest, tag }),
    },
    async (request, reply) => {
      const { devices } = v.parse(importRequest, request.body)
      const made = await store.write(async (trx) => {
        const added: WatchedDevice[] = []
        for (const given of devices) added.push(await addDevice(trx, { ...given, id: given.id ?? newId() }, now()))
        await appendAudit(trx, note(request, 'imported', added.map(({ id }) => id).join(' ')))
        return added
      })
      for (const device of made) await options.changed(device)
      return reply.code(201).send({ devices: made })
    },
  )
  app.put<WithId>(
    '/api/v1/devices/:id',
    { config: { role: 'operator' }, schema: describeRoute('Change a device', { body: changeDeviceRequest, tag }) },
    async (request) => {
      const { revision, ...change } = v.parse(changeDeviceRequest, request.body)
      const device = await store.write(async (trx) => {
        await appendAudit(trx, note(request, 'changed', request.params.id, change))
        return changeDevice(trx, request.params.id, change, revision)
      })
      await options.changed(device)
      return device
    },
  )
  app.delete<WithId>(
    '/api/v1/devices/:id',
    { config: { role: 'admin' }, schema: describeRoute('Remove a device and all that was kept of it', { tag }) },
    async (request, reply) => {
      await store.write(async (trx) => {
        await appendAudit(trx, note(request, 'removed', request.params.id))
        await removeDevice(trx, request.params.id)
      })
      await options.removed(request.params.id)
      return reply.code(204).send()
    },
  )
  for (const [verb, monitored] of [
    ['start', 1],
    ['stop', 0],
  ] as const)
    app.post<WithId>(
      `/api/v1/devices/:id/${verb}`,
      {
        config: { role: 'operator' },
        schema: describeRoute(`${verb === 'start' ? 'Begin' : 'Stop'} to watch it`, { tag }),
      },
      async (request) => {
        const device = await store.write(async (trx) => {
          await appendAudit(trx, note(request, verb === 'start' ? 'watched' : 'unwatched', request.params.id))
          return changeDevice(trx, request.params.id, { monitored })
        })
        await options.changed(device)
        return device
      },
    )
  app.post<WithId>(
    '/api/v1/devices/:id/secret',
    { config: { role: 'operator' }, schema: describeRoute('A new MQTT password for it; shown once', { tag }) },
    async (request) => {
      const secret = newToken()
      await store.write(async (trx) => {
        await appendAudit(trx, note(request, 'secret-made', request.params.id))
        await changeDevice(trx, request.params.id, { secret: hashToken(secret) })
      })
      await options.secretChanged(request.params.id)
      return { user: v.parse(deviceId, request.params.id), password: secret }
    },
  )
}

const newId = () => `d-${randomUUID().replaceAll('-', '').slice(0, ID_LETTERS)}`
