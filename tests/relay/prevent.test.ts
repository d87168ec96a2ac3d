/** Rules that act, in a whole relay: through its broker, through a firewall that only remembers, before and after a restart. */

import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { connect as connectMqtt } from 'mqtt'
import { expect, it, onTestFinished } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import type { FlowRecord } from '#core/live/wire.ts'
import type { DryRun } from '#core/prevent/dry-run.ts'
import type { ActionRecord, Rule } from '#core/prevent/wire.ts'
import type { Firewall } from '../../relay/prevent/firewall.ts'
import { openStore } from '../../relay/store/database.ts'
import type { Store } from '../../relay/store/store.ts'
import { type Caller, call, claimRelay, join, openRelay, type TestRelay } from './relays.ts'
import { forEachStore } from './stores.ts'

/** Polls, then sends much to a host it never met. */
function makeRecords(count: number, loudFrom: number): FlowRecord[] {
  const random = createRandom(1)
  return Array.from({ length: count }, (_, i) => ({
    orig_pkts: i >= loudFrom ? 40_000 : 4 + random.int(3),
    resp_pkts: i >= loudFrom ? 2 : 4,
    orig_bytes: i >= loudFrom ? 50_000_000 : 300 + random.int(50),
    resp_bytes: i >= loudFrom ? 100 : 200 + random.int(50),
    peer: i >= loudFrom ? '198.51.100.66' : '198.51.100.7',
    peer_port: 443,
    proto: 'tcp' as const,
  }))
}

class RememberingFirewall implements Firewall {
  readonly blocked = new Map<string, number | undefined>()
  readonly limits = new Map<string, number>()
  fails = false

  async block(address: string, seconds: number | undefined) {
    if (this.fails) throw new Error('The firewall is away.')
    this.blocked.set(address, seconds)
    return { success: true, detail: `Blocked ${address}.` }
  }
  async unblock(address: string) {
    if (this.fails) throw new Error('The firewall is away.')
    this.blocked.delete(address)
    return { success: true, detail: `Unblocked ${address}.` }
  }
  async limit(address: string, perSecond: number | undefined) {
    if (perSecond === undefined) this.limits.delete(address)
    else this.limits.set(address, perSecond)
    return { success: true, detail: `Slowed ${address}.` }
  }
  async clear() {
    this.blocked.clear()
  }
}

interface House {
  readonly relay: TestRelay
  readonly ann: Caller
  readonly firewall: RememberingFirewall
}

async function openHouse(store: Store): Promise<House> {
  const firewall = new RememberingFirewall()
  const relay = await openRelay(store, { firewall, mqtt: { listen: { host: '127.0.0.1', tcpPort: 0 } } })
  const ann = await claimRelay(relay)
  const device = { id: 'cam', name: 'Camera', address: '192.0.2.30' }
  expect((await call(relay, ann, 'POST', '/api/v1/devices', device)).statusCode).toBe(201)
  return { relay, ann, firewall }
}

async function addRule({ relay, ann }: House, fields: object): Promise<Rule> {
  const answer = await call(relay, ann, 'POST', '/api/v1/rules', { name: 'A rule', enabled: true, ...fields })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json()
}

/** The camera turns loud; resolves when it was judged and what rules wanted is done. */
async function attack({ relay }: Pick<House, 'relay'>): Promise<void> {
  while (!relay.live.scorer.held.has('cam')) await setTimeout(5)
  await relay.live.ingest('cam', makeRecords(40, 30), 'script')
  await relay.live.scorer.settled()
  await relay.prevention.settled()
}

const actionsOf = async ({ relay, ann }: House): Promise<ActionRecord[]> =>
  (await call(relay, ann, 'GET', '/api/v1/actions')).json().actions
const statusOf = async ({ relay, ann }: House): Promise<string> =>
  (await call(relay, ann, 'GET', '/api/v1/devices/cam')).json().status

forEachStore((stores) => {
  it('quarantines by rule in broker and firewall, tells people, and lets go by undo', async () => {
    const house = await openHouse(await stores.open())
    const { relay, ann, firewall } = house
    const rule = await addRule(house, { action: 'quarantine' })
    await attack(house)
    const [action, ...more] = await actionsOf(house)
    expect(more).toEqual([])
    expect(action).toMatchObject({ rule: rule.id, device: 'cam', action: 'quarantine', success: true })
    expect(await statusOf(house)).toBe('quarantined')
    expect([...firewall.blocked.keys()]).toEqual(['192.0.2.30'])
    const alerts = (await call(relay, ann, 'GET', '/api/v1/alerts?type=device_quarantined')).json()
    expect(alerts.alerts).toMatchObject([{ device: 'cam', state: 'open' }])

    const undone = await call(relay, ann, 'POST', `/api/v1/actions/${action!.id}/undo`)
    expect(undone.json(), undone.body).toMatchObject({ detail: expect.stringContaining('Undone by ann.') })
    expect(await statusOf(house)).toBe('offline')
    expect(firewall.blocked.size).toBe(0)
    expect((await call(relay, ann, 'POST', `/api/v1/actions/${action!.id}/undo`)).statusCode).toBe(409)
    const audit = await relay.store.db.selectFrom('audit').select('action').execute()
    expect(audit.map((entry) => entry.action)).toEqual(
      expect.arrayContaining(['rule.added', 'prevent.quarantine', 'prevent.undone']),
    )
  })

  it('really disconnects the device by rule, keeps it out, and lets it in again by undo', async () => {
    const house = await openHouse(await stores.open())
    const { relay, ann } = house
    const { password } = (await call(relay, ann, 'POST', '/api/v1/devices/cam/secret')).json<{ password: string }>()
    const connect = () =>
      connectMqtt(`mqtt://127.0.0.1:${relay.ports?.tcp}`, {
        clientId: 'cam',
        username: 'cam',
        password,
        reconnectPeriod: 0,
      })
    /** Whether the broker let it in. */
    const came = async () => {
      const client = connect()
      const event = await new Promise<'in' | 'out'>((resolve) => {
        client.once('connect', () => resolve('in'))
        client.once('close', () => resolve('out'))
        client.on('error', () => resolve('out'))
      })
      return { client, event }
    }
    const types = ['threshold_breach', 'sustained_attack', 'new_attack_type']
    await addRule(house, { action: 'quarantine', types })
    const { client, event } = await came()
    expect(event).toBe('in')
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
    // Its acknowledgement may come too late: the client is thrown out.
    client.publish('guardian/cam/flow', JSON.stringify(makeRecords(40, 30)), { qos: 1 })
    await closed
    await relay.prevention.settled()
    const refused = await came()
    expect(refused.event).toBe('out')
    const [action] = await actionsOf(house)
    expect(action).toMatchObject({ action: 'quarantine', success: true })
    await call(relay, ann, 'POST', `/api/v1/actions/${action!.id}/undo`)
    const again = await came()
    expect(again.event).toBe('in')
    for (const one of [client, refused.client, again.client]) await one.endAsync(true)
  })

  it('blocks the new host of the case for its time, and then lets it go by itself', async () => {
    const house = await openHouse(await stores.open())
    await addRule(house, { action: 'block', expirySeconds: 600 })
    await attack(house)
    expect([...house.firewall.blocked]).toEqual([['198.51.100.66', 600]])
    house.relay.clock.micros += 599e6
    await house.relay.prevention.settled()
    expect(house.firewall.blocked.size).toBe(1)
    house.relay.clock.micros += 2e6
    await house.relay.prevention.settled()
    expect(house.firewall.blocked.size).toBe(0)
    expect((await actionsOf(house))[0]?.detail).toContain('Its time is over.')
  })

  it('goes on after a restart: does what was written down, and does again what stands', async () => {
    const place = await stores.place()
    const store = await openStore(place)
    onTestFinished(() => store.close())
    const house = await openHouse(store)
    await addRule(house, { action: 'quarantine', expirySeconds: 0 })
    // Killed between the commit and the act.
    const pending = { rule: 'r', device: 'cam', alert: null, action: 'block', target: '198.51.100.9', at_micros: 1 }
    await store.db
      .insertInto('actions')
      .values({ ...pending, expires_micros: null, undone_micros: null, success: 0, detail: '' })
      .execute()
    await attack(house)
    const firewall = new RememberingFirewall()
    const second = await openRelay(store, { firewall, now: () => house.relay.clock.micros })
    await second.prevention.settled()
    expect([...firewall.blocked.keys()].sort()).toEqual(['192.0.2.30', '198.51.100.9'])
  })

  it('says what failed and why, and keeps what could not be undone', async () => {
    const house = await openHouse(await stores.open())
    const block = { device: 'cam', action: 'block', address: '198.51.100.5' }
    const act = (body: object) => call(house.relay, house.ann, 'POST', '/api/v1/actions', body)
    const done = (await act(block)).json<ActionRecord>()
    expect(done).toMatchObject({ success: true, rule: '' })
    house.firewall.fails = true
    const undo = await call(house.relay, house.ann, 'POST', `/api/v1/actions/${done.id}/undo`)
    expect(undo.statusCode).toBe(502)
    expect(undo.json().message).toContain('The firewall is away.')
    expect((await act({ ...block, address: '198.51.100.6' })).json()).toMatchObject({
      success: false,
      detail: 'The firewall is away.',
    })
    expect((await actionsOf(house)).find(({ id }) => id === done.id)).not.toHaveProperty('undoneMicros')
  })

  it('keeps a block that another action still holds', async () => {
    const house = await openHouse(await stores.open())
    const act = async (body: object) =>
      (await call(house.relay, house.ann, 'POST', '/api/v1/actions', { device: 'cam', ...body })).json<ActionRecord>()
    const first = await act({ action: 'block', address: '192.0.2.30' })
    const second = await act({ action: 'quarantine' })
    const undo = (id: number) => call(house.relay, house.ann, 'POST', `/api/v1/actions/${id}/undo`)
    await undo(second.id)
    expect(house.firewall.blocked.has('192.0.2.30')).toBe(true)
    await undo(first.id)
    expect(house.firewall.blocked.size).toBe(0)
  })

  it('never blocks the relay, loopback, or where the person works from', async () => {
    const house = await openHouse(await stores.open())
    const { relay, ann } = house
    const from = (remoteAddress: string, body: object) =>
      relay.app.inject({
        method: 'POST',
        url: '/api/v1/rules',
        headers: { host: 'localhost', ...ann.headers },
        remoteAddress,
        payload: { name: 'A rule', action: 'block', ...body },
      })
    for (const [address, why] of [
      ['127.0.0.1', /this machine/],
      ['224.0.0.1', /group/],
      ['198.51.100.77', /where ann works from/],
      ['198.51.100.0/24', /one IPv4 or IPv6/],
    ] as const) {
      const answer = await from('198.51.100.77', { address })
      expect(answer.statusCode).toBe(400)
      expect(answer.json().message).toMatch(why)
    }
    expect((await from('198.51.100.77', { address: '198.51.100.78' })).statusCode).toBe(201)
  })

  it('says what a rule would have done, and does nothing then', async () => {
    const house = await openHouse(await stores.open())
    await attack(house)
    const ask = async (body: object) =>
      (
        await call(house.relay, house.ann, 'POST', '/api/v1/rules/dry-run?weeks=2', { name: 'Try', ...body })
      ).json<DryRun>()
    expect((await ask({ action: 'block' })).text).toMatch(
      /^It would have acted .* in the last 2 weeks: 198\.51\.100\.66 blocked because of Camera/,
    )
    expect((await ask({ action: 'quarantine', device: 'cam', minRatio: 1e9 })).times).toEqual([])
    expect(await actionsOf(house)).toEqual([])
    const rule = await addRule(house, { action: 'quarantine', enabled: false })
    const { json } = await call(house.relay, house.ann, 'POST', `/api/v1/rules/${rule.id}/dry-run`)
    expect(json<DryRun>().times.length).toBeGreaterThan(0)
  })

  it('keeps rules: changes by revision, switches, and only for those who may', async () => {
    const house = await openHouse(await stores.open())
    const { relay, ann } = house
    const rule = await addRule(house, { action: 'quarantine', enabled: false })
    const { id, createdMicros: _, ...fields } = rule
    const changed = await call(relay, ann, 'PUT', `/api/v1/rules/${id}`, { ...fields, name: 'New' })
    expect(changed.json()).toMatchObject({ name: 'New', revision: 2 })
    const late = await call(relay, ann, 'PUT', `/api/v1/rules/${id}`, { ...fields, name: 'Late' })
    expect([late.statusCode, late.json().now.name]).toEqual([409, 'New'])
    const olga = await join(relay, ann, 'operator', 'olga')
    expect((await call(relay, olga, 'POST', `/api/v1/rules/${id}/toggle`, { enabled: true })).json().enabled).toBe(true)
    expect((await call(relay, olga, 'DELETE', `/api/v1/rules/${id}`)).statusCode).toBe(403)
    expect((await call(relay, ann, 'DELETE', `/api/v1/rules/${id}`)).statusCode).toBe(204)
    expect((await call(relay, ann, 'GET', '/api/v1/rules')).json()).toEqual({ rules: [] })
    for (const bad of [
      { action: 'webhook' },
      { action: 'webhook', webhook: 'file:///etc/passwd' },
      { action: 'block', address: 'x' },
    ])
      expect((await call(relay, ann, 'POST', '/api/v1/rules', { name: 'Bad', ...bad })).statusCode).toBe(400)
  })

  it('calls the webhook of a rule, though the severity alone would tell nobody', async () => {
    const house = await openHouse(await stores.open())
    const heard: string[] = []
    const sink = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text) => heard.push(text))
      request.on('end', () => response.end())
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void sink.close())
    await new Promise((resolve) => sink.once('listening', resolve))
    const { port } = sink.address() as { port: number }
    const url = `http://127.0.0.1:${port}/hook`
    await call(house.relay, house.ann, 'PUT', '/api/v1/channels/settings', {
      webhook: { url: 'https://example.org/', allowPrivate: true },
    })
    await addRule(house, { action: 'webhook', webhook: url, types: ['new_device'] })
    await attack(house)
    await expect.poll(() => heard.length, { timeout: 30_000 }).toBeGreaterThan(0)
    expect(JSON.parse(heard[0]!)).toMatchObject({ device: 'cam', text: 'The rule "A rule" asked for this message.' })
  })

  it('gives recipes for boxes that it cannot reach', async () => {
    const house = await openHouse(await stores.open())
    const answer = await call(house.relay, house.ann, 'GET', '/api/v1/recipes?device=cam&peer=bad.example.com')
    expect(answer.json().recipes.map(({ name }: { name: string }) => name)).toContain('Pi-hole')
    expect((await call(house.relay, house.ann, 'GET', '/api/v1/recipes?device=cam&mac=x')).statusCode).toBe(400)
  })
})
