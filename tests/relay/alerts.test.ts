import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { SMTPServer } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { type AlertDraft, DEFAULT_TELLING, dueMicros, type Telling } from '#core/alert/alert.ts'
import type { Alert } from '#core/alert/wire.ts'
import type { FlowRecord } from '#core/live/wire.ts'
import { raise } from '../../relay/alerts/raise.ts'
import { type Caller, call, claimRelay, join, openRelay, type TestRelay } from './relays.ts'
import { forEachStore } from './stores.ts'

const NOW = 1_763_000_000_000_000
const telling: Telling = { ...DEFAULT_TELLING, timeZone: 'UTC' }
const draft = (change: Partial<AlertDraft> = {}): AlertDraft => ({
  device: 'cam',
  deviceName: 'Camera',
  type: 'threshold_breach',
  severity: 'high',
  title: 'Camera sent much',
  text: 'It normally sends little.',
  advice: ['Unplug it.'],
  case: 'cam@1',
  ...change,
})
const flow = (loud: boolean): FlowRecord => ({
  orig_pkts: loud ? 40_000 : 5,
  resp_pkts: 4,
  orig_bytes: loud ? 50_000_000 : 320,
  resp_bytes: 210,
  peer: '198.51.100.7',
  peer_port: 443,
  proto: 'tcp',
})
const attack = [...Array.from({ length: 30 }, () => flow(false)), ...Array.from({ length: 20 }, () => flow(true))]

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

forEachStore((stores) => {
  const alertsOf = async (relay: TestRelay, caller: Caller, query = '') =>
    (await call(relay, caller, 'GET', `/api/v1/alerts${query}`)).json<{ alerts: Alert[]; total: number }>()

  it('tells one alert of a case, however it grows, and says once that the device is new', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    await call(relay, ann, 'POST', '/api/v1/devices', { id: 'cam', name: 'Camera' })
    await waitFor(() => relay.live.scorer.held.has('cam'))
    for (const record of attack) await relay.live.ingest('cam', [record], 'script')
    await waitFor(async () => (await alertsOf(relay, ann)).alerts.some((one) => one.case !== ''))
    await relay.live.scorer.settled()
    const { alerts } = await alertsOf(relay, ann)
    expect(alerts.map(({ type, deviceName }) => `${type} ${deviceName}`)).toEqual([
      'threshold_breach Camera',
      'new_device Camera',
    ])
    expect(alerts[0]).toMatchObject({ state: 'open', unread: true, severity: 'critical' })
    expect((await call(relay, ann, 'GET', `/api/v1/alerts/${alerts[0]?.id}`)).json()).toMatchObject({
      found: { device: 'cam' },
    })
  })

  it('sends an e-mail about it to a real SMTP server', async () => {
    const mails: string[] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, _session, done) {
        let mail = ''
        stream.on('data', (part) => {
          mail += part
        })
        stream.on('end', () => {
          mails.push(mail)
          done()
        })
      },
    })
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    ends.push(() => new Promise((resolve) => server.close(() => resolve())))
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    const port = (server.server.address() as AddressInfo).port
    const mail = { host: '127.0.0.1', port, from: 'relay@example.org', to: ['ann@example.org'], password: 'hidden' }
    const set = await call(relay, ann, 'PUT', '/api/v1/channels/settings', { mail })
    expect(set.json()).toMatchObject({ mail: { hasPassword: true } })
    expect(set.body).not.toContain('hidden')
    await call(relay, ann, 'POST', '/api/v1/devices', { id: 'cam', name: 'Camera' })
    await waitFor(() => relay.live.scorer.held.has('cam'))
    await relay.live.ingest('cam', attack, 'script')
    await waitFor(() => mails.length > 0)
    expect(mails[0]).toMatch(/Subject: =\?UTF-8\?Q\?=5B(high|critical)=5D_Camera/)
    expect(mails[0]?.replaceAll(/=\r?\n/g, '')).toMatch(/Unusual: \d+ of \d+ samples/)
    await waitFor(
      async () =>
        (await call(relay, ann, 'GET', '/api/v1/channels')).json<{ health: { delivered: number }[] }>().health[0]
          ?.delivered === 1,
    )
    expect(mails).toHaveLength(1)
  })

  it('keeps who did what, and refuses a change made on an older state', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    const olga = await join(relay, ann, 'operator', 'olga')
    const { id } = await relay.store.write((trx) => raise(trx, draft(), telling, NOW))
    const change = (caller: Caller, body: object) => call(relay, caller, 'PATCH', `/api/v1/alerts/${id}`, body)
    expect((await change(olga, { state: 'acknowledged', note: 'Looking.', revision: 1 })).json()).toMatchObject({
      state: 'acknowledged',
      by: 'olga',
      unread: false,
      notes: [{ by: 'olga', text: 'Looking.' }],
      revision: 2,
    })
    const late = await change(ann, { state: 'resolved', revision: 1 })
    expect(late.statusCode).toBe(409)
    expect(late.json()).toMatchObject({ message: 'olga changed this alert meanwhile.', now: { revision: 2 } })
    expect((await change(ann, { state: 'resolved', revision: 2 })).json()).toMatchObject({
      state: 'resolved',
      by: 'ann',
    })
  })

  it('opens again what became louder, and counts what nobody read', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    const put = (change: Partial<AlertDraft>, at = NOW) =>
      relay.store.write((trx) => raise(trx, draft(change), telling, at))
    const { id, dueMicros: first } = await put({})
    expect(first).toBe(NOW)
    await call(relay, ann, 'PATCH', `/api/v1/alerts/${id}`, { state: 'resolved' })
    expect((await call(relay, ann, 'GET', '/api/v1/alerts/unread-count')).json()).toEqual({ unread: 0 })
    expect(await put({ text: 'More of the same.' })).toMatchObject({ id, dueMicros: undefined })
    expect(await put({ severity: 'critical' })).toMatchObject({ id, isNew: false, dueMicros: NOW })
    expect((await alertsOf(relay, ann)).alerts[0]).toMatchObject({ state: 'open', unread: true, severity: 'critical' })
    expect((await call(relay, ann, 'GET', '/api/v1/alerts/stats')).json()).toMatchObject({ total: 1 })
  })

  it('folds a storm into one alert and says how many', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    const results = []
    for (let i = 0; i < 40; i++)
      results.push(
        await relay.store.write((trx) => raise(trx, draft({ device: `d${i}`, case: `d${i}@1` }), telling, NOW + i)),
      )
    expect(results.filter(({ dueMicros }) => dueMicros !== undefined)).toHaveLength(10)
    const { alerts, total } = await alertsOf(relay, ann)
    expect(total).toBe(10)
    expect(alerts[0]?.folded).toBe(30)
  })

  it('tells of a storm again when something in it is louder', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    const raiseOne = (i: number, severity: 'high' | 'critical') =>
      relay.store.write((trx) => raise(trx, draft({ device: `d${i}`, case: `d${i}@1`, severity }), telling, NOW + i))
    for (let i = 0; i < 12; i++) await raiseOne(i, 'high')
    expect(await raiseOne(12, 'critical')).toMatchObject({ isFolded: true, dueMicros: NOW + 12 })
    expect(await raiseOne(13, 'critical')).toMatchObject({ isFolded: true, dueMicros: undefined })
    expect((await alertsOf(relay, ann)).alerts[0]).toMatchObject({ severity: 'critical', folded: 4 })
  })

  it('says once that a device is silent', async () => {
    const relay = await openRelay(await stores.open())
    const silence = draft({ type: 'device_silent', case: '', title: 'silent' })
    const put = () => relay.store.write((trx) => raise(trx, silence, telling, NOW))
    const [one, two] = [await put(), await put()]
    expect(two.id).toBe(one.id)
  })
})

describe('a message', () => {
  const at = (clock: string) => Date.parse(`2026-03-01T${clock}Z`) * 1000
  const quiet = { ...telling, quiet: { fromHour: 22, toHour: 7 } }
  it.each([
    ['21:59:59', '21:59:59'],
    ['22:00:00', '07:00:00'],
    ['03:10:30', '07:00:00'],
    ['07:00:00', '07:00:00'],
  ])('of %s goes out at %s when the night is quiet', (now, due) => {
    const found = new Date(dueMicros('high', quiet, at(now)) / 1000).toISOString().slice(11, 19)
    expect(found).toBe(due)
  })
  it('does not wait when it is critical, unless it shall', () => {
    expect(dueMicros('critical', quiet, at('03:00:00'))).toBe(at('03:00:00'))
    expect(dueMicros('critical', { ...quiet, criticalBreaksQuiet: false }, at('03:00:00'))).toBe(at('07:00:00'))
  })
  it('follows the clock of its people', () => {
    const tokyo = { ...quiet, timeZone: 'Asia/Tokyo' }
    expect(dueMicros('high', tokyo, at('13:30:00'))).toBe(at('22:00:00'))
  })
})

async function waitFor(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) await setTimeout(5)
}
