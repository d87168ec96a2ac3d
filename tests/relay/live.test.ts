import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ModelError } from '#core/base/errors.ts'
import { createRandom } from '#core/base/random.ts'
import type { ChannelMessage, FlowRecord } from '#core/live/wire.ts'
import type { SyncAnswer } from '#core/sync/wire.ts'
import { createRelay, type Relay } from '../../relay/app.ts'
import type { Store } from '../../relay/store/store.ts'
import { type Caller, call, claimRelay, makeKey, openRelay, type TestRelay, testOptions } from './relays.ts'
import { forEachStore } from './stores.ts'

/** A device that polls, and from flow `loudFrom` on sends much. */
function makeRecords(count: number, loudFrom = Number.POSITIVE_INFINITY, seed = 1): FlowRecord[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, i) => ({
    orig_pkts: i >= loudFrom ? 40_000 : 4 + random.int(3),
    resp_pkts: i >= loudFrom ? 2 : 4,
    orig_bytes: i >= loudFrom ? 50_000_000 : 300 + random.int(50),
    resp_bytes: i >= loudFrom ? 100 : 200 + random.int(50),
    peer: '198.51.100.7',
    peer_port: 443,
    proto: 'tcp' as const,
  }))
}

const addDevice = async (relay: TestRelay, admin: Caller, id: string) =>
  expect((await call(relay, admin, 'POST', '/api/v1/devices', { id, name: `Device ${id}` })).statusCode).toBe(201)
const verdictsOf = async (store: Store, device: string) =>
  await store.db
    .selectFrom('verdicts')
    .select(['first_record', 'last_record', 'score'])
    .where('device', '=', device)
    .orderBy('id')
    .execute()

forEachStore((stores, kind) => {
  it('judges what a script sends, from the eleventh flow on, and says so on the WebSocket', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    const key = await makeKey(relay, ann, 'ingest')
    await addDevice(relay, ann, 'cam')
    await relay.app.listen({ port: 0, host: '127.0.0.1' })
    const address = relay.app.server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { ticket } = (await call(relay, ann, 'POST', '/api/v1/tickets')).json<{ ticket: string }>()
    const url = `ws://127.0.0.1:${port}/api/v1/ws/device/cam?ticket=${ticket}`
    const socket = new WebSocket(url)
    await once(socket, 'open')
    const heard: ChannelMessage[] = []
    const gotAll = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        heard.push(JSON.parse(String(data)))
        if (heard.filter((message) => message.kind === 'verdict').length === 30) resolve()
      })
    })
    const answer = await call(relay, key, 'POST', '/api/v1/traffic/ingest', {
      device: 'cam',
      records: makeRecords(40, 30),
    })
    expect(answer.statusCode).toBe(202)
    await gotAll
    const verdicts = heard.flatMap((message) => (message.kind === 'verdict' ? [message.verdict] : []))
    expect(verdicts[0]).toMatchObject({ device: 'cam', label: 'usual', reasons: [] })
    expect(verdicts.at(-1)).toMatchObject({ label: 'odd', severity: 'critical' })
    expect(verdicts.at(-1)?.reasons.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 5)
    const again = new WebSocket(url)
    const [error] = await once(again, 'error')
    expect(String(error)).toContain('401')
    socket.close()
    const [{ id }] = (await call(relay, ann, 'GET', '/api/v1/predictions/cam?limit=1')).json<{
      verdicts: [{ id: number }]
    }>().verdicts
    const explained = (await call(relay, ann, 'GET', `/api/v1/predictions/${id}/explain`)).json<{ flows: unknown[] }>()
    expect(explained.flows).toHaveLength(10)
    expect((await call(relay, ann, 'GET', '/api/v1/dashboard/stats')).json()).toMatchObject({
      devices: 1,
      underAttack: 1,
      judgedToday: 30,
      casesToday: 1,
    })
    expect(
      (await call(relay, ann, 'GET', '/api/v1/dashboard/timeline'))
        .json<{ points: { judged: number }[] }>()
        .points.map(({ judged }) => judged),
    ).toEqual([30])
  })

  it('brings a page up to date: first with all, then with what is new', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    await addDevice(relay, ann, 'cam')
    await waitFor(() => relay.live.scorer.held.has('cam'))
    const sync = async (query = '') => (await call(relay, ann, 'GET', `/api/v1/sync${query}`)).json<SyncAnswer>()
    await relay.live.ingest('cam', makeRecords(15), 'script')
    await waitFor(async () => (await sync()).verdicts.length === 5)
    const first = await sync()
    expect(first).toMatchObject({ gap: false, me: { name: 'ann' }, devices: [{ id: 'cam', status: 'online' }] })
    expect(first.alerts.map(({ type }) => type)).toEqual(['new_device'])
    const { alerts, verdicts } = first.next
    expect(await sync(`?alerts=${alerts}&verdicts=${verdicts}`)).toMatchObject({
      alerts: [],
      verdicts: [],
      next: { alerts, verdicts },
    })
    await relay.live.ingest('cam', makeRecords(2), 'script')
    await waitFor(async () => (await sync(`?alerts=${alerts}&verdicts=${verdicts}`)).verdicts.length === 2)
  })

  it('refuses records of a device that nobody added, and what is no record', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    const send = (device: string, records: unknown) =>
      call(relay, ann, 'POST', '/api/v1/traffic/ingest', { device, records })
    expect((await send('ghost', makeRecords(1))).statusCode).toBe(404)
    await addDevice(relay, ann, 'cam')
    const answer = await send('cam', [{ orig_pkts: -1 }])
    expect(answer.statusCode).toBe(400)
    expect(answer.json<{ message: string }>().message).toMatch(/records\.0/)
  })

  it('goes on after it was killed, without a gap and without saying anything twice', async () => {
    const place = await stores.place()
    const { openStore } = await import('../../relay/store/database.ts')
    const whole = makeRecords(90, 70)
    const scores: number[] = []
    const opened: Store[] = []
    // The first three are dropped as a kill would: nothing is closed, whatever they were doing.
    for (const [part, records] of [
      whole.slice(0, 25),
      whole.slice(25, 31),
      whole.slice(31, 77),
      whole.slice(77),
    ].entries()) {
      const store = await openStore(place)
      opened.push(store)
      const relay = await createRelay({ ...testOptions(store), relay: 'same' })
      if (part === 0) await store.write((trx) => trx.insertInto('devices').values(deviceRow('cam')).execute())
      if (part === 0) store.notify('devices', '')
      await waitFor(() => relay.live.scorer.held.has('cam'))
      await relay.live.ingest('cam', records, 'script')
      if (part === 3) {
        await relay.live.scorer.settled()
        scores.push(...(await verdictsOf(store, 'cam')).map(({ last_record }) => last_record))
        await relay.close()
      } else relay.live.scorer.abandon()
    }
    expect(scores).toEqual(Array.from({ length: 80 }, (_, i) => i + 11))
    const { cases } = await opened[3]!.db
      .selectFrom('cases')
      .select((eb) => eb.fn.countAll<number>().as('cases'))
      .executeTakeFirstOrThrow()
    expect(Number(cases)).toBe(1)
    for (const store of opened) await store.close()
  })

  it('judges nothing while switched off, and then all that came meanwhile', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    await addDevice(relay, ann, 'cam')
    await waitFor(() => relay.live.scorer.held.has('cam'))
    await call(relay, ann, 'PUT', '/api/v1/live', { on: false })
    await relay.live.ingest('cam', makeRecords(20), 'script')
    await relay.live.scorer.settled()
    expect(await verdictsOf(relay.store, 'cam')).toEqual([])
    await call(relay, ann, 'PUT', '/api/v1/live', { on: true })
    await waitFor(async () => (await verdictsOf(relay.store, 'cam')).length === 10)
  })

  it('keeps records while its model fails, and judges them once another one is used', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    await addDevice(relay, ann, 'cam')
    await waitFor(() => relay.live.scorer.held.has('cam'))
    const { model } = relay.live
    const failing = { ...model.network, reconstructionErrors: () => Promise.reject(new ModelError('no engine')) }
    await relay.live.use({ ...model, network: failing })
    await waitFor(() => relay.live.scorer.held.has('cam'))
    await relay.live.ingest('cam', makeRecords(20), 'script')
    await waitFor(() => relay.live.scorer.fault === 'no engine')
    await relay.live.ingest('cam', makeRecords(5), 'script')
    await relay.live.scorer.settled()
    expect(await verdictsOf(relay.store, 'cam')).toEqual([])
    await relay.live.use(model)
    await waitFor(async () => (await verdictsOf(relay.store, 'cam')).length === 15)
    expect(relay.live.scorer.fault).toBeUndefined()
  })

  it('does not judge what a device sent while it was not watched', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    await addDevice(relay, ann, 'cam')
    await waitFor(() => relay.live.scorer.held.has('cam'))
    await call(relay, ann, 'POST', '/api/v1/devices/cam/stop')
    await waitFor(() => !relay.live.scorer.held.has('cam'))
    await relay.live.ingest('cam', makeRecords(30), 'script')
    await relay.live.scorer.settled()
    await call(relay, ann, 'POST', '/api/v1/devices/cam/start')
    await waitFor(() => relay.live.scorer.held.has('cam'))
    await relay.live.ingest('cam', makeRecords(3), 'script')
    await waitFor(async () => (await verdictsOf(relay.store, 'cam')).length === 3)
  })

  it('notices that a device has fallen silent, and that it is back', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    await addDevice(relay, ann, 'cam')
    await waitFor(() => relay.live.scorer.held.has('cam'))
    const status = async () => (await call(relay, ann, 'GET', '/api/v1/devices/cam')).json<{ status: string }>().status
    await relay.live.ingest('cam', makeRecords(1), 'script')
    await waitFor(async () => (await status()) === 'online')
    relay.clock.micros += 16 * 60e6
    await waitFor(async () => {
      await relay.live.sweep()
      return (await status()) === 'offline'
    })
    await relay.live.ingest('cam', makeRecords(1), 'script')
    await waitFor(async () => (await status()) === 'online')
  })

  it.runIf(kind === 'postgres')('is shared by two relays, and one goes on when the other is gone', async () => {
    const { openStore } = await import('../../relay/store/database.ts')
    const place = await stores.place()
    const stores2 = [await openStore(place), await openStore(place)]
    const clock = { micros: 1_763_000_000_000_000 }
    const relays: Relay[] = []
    for (const [i, store] of stores2.entries())
      relays.push(await createRelay({ ...testOptions(store), relay: `r${i}`, now: () => clock.micros }))
    const names = Array.from({ length: 6 }, (_, i) => `d${i}`)
    await stores2[0]!.write((trx) => trx.insertInto('devices').values(names.map(deviceRow)).execute())
    stores2[0]!.notify('devices', '')
    const heldBy = (i: number) => relays[i]!.live.scorer.held.size
    await waitFor(() => heldBy(0) + heldBy(1) === 6)
    // Sent to either of them, judged once, in order, by the one that holds the device.
    for (let k = 0; k < 20; k++)
      await Promise.all(
        names.map((name, i) => relays[(i + k) % 2]!.live.ingest(name, [makeRecords(k + 1)[k]!], 'script')),
      )
    const all = async (count: number) => {
      const lists = await Promise.all(names.map((name) => verdictsOf(stores2[0]!, name)))
      return lists.every((list) => list.length === count)
    }
    await waitFor(() => all(10))
    const loser = heldBy(0) > 0 ? 0 : 1
    const winner = 1 - loser
    relays[loser]!.live.scorer.abandon()
    clock.micros += 11e6
    relays[winner]!.live.scorer.reclaim()
    await waitFor(() => heldBy(winner) === 6)
    await Promise.all(names.map((name) => relays[winner]!.live.ingest(name, makeRecords(5), 'script')))
    await waitFor(() => all(15))
    for (const relay of relays) await relay.close()
    for (const store of stores2) await store.close()
  })
})

const deviceRow = (id: string) => ({
  id,
  name: id,
  type: 'camera',
  address: '',
  protocol: 'mqtt',
  port: 1883,
  source: 'live',
  notes: '',
  status: 'offline',
  monitored: 1,
  secret: null,
  created_micros: 1,
  last_seen_micros: null,
  revision: 1,
})

async function waitFor(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) await setTimeout(5)
}
