import { expect, it } from 'vitest'
import { call, claimRelay, openRelay, type TestRelay } from './relays.ts'
import { forEachStore } from './stores.ts'

const SECOND = 1e6
const counts = async ({ store }: TestRelay, device: string) =>
  (await store.db.selectFrom('records').select('source').where('device', '=', device).execute()).map(
    ({ source }) => source,
  )

async function watch(relay: TestRelay, ann: Parameters<typeof call>[1], id: string, source: string): Promise<void> {
  const device = { id, name: id, type: 'camera', source }
  expect((await call(relay, ann, 'POST', '/api/v1/devices', device)).statusCode).toBe(201)
  expect((await call(relay, ann, 'POST', `/api/v1/devices/${id}/start`)).statusCode).toBe(200)
  relay.live.scorer.reclaim()
  await expect.poll(() => relay.live.scorer.held.has(id)).toBe(true)
}

forEachStore((stores) => {
  it('simulates a device while it is watched, and an attack of it becomes a case', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    await watch(relay, ann, 'cam', 'simulated')
    const pass = async (seconds: number) => {
      for (let at = 0; at < seconds; at += 10) {
        relay.clock.micros += 10 * SECOND
        await relay.live.sources.tick()
      }
    }
    await pass(300)
    const usual = (await counts(relay, 'cam')).length
    expect(usual).toBeGreaterThan(10)
    const asked = await call(relay, ann, 'POST', '/api/v1/devices/cam/attack', { kind: 'flood', seconds: 30 })
    expect(asked.statusCode).toBe(202)
    await pass(40)
    await relay.live.scorer.settled()
    expect(new Set(await counts(relay, 'cam'))).toEqual(new Set(['simulated']))
    const cases = await relay.store.db.selectFrom('cases').select('device').execute()
    expect(cases.map(({ device }) => device)).toContain('cam')
    await call(relay, ann, 'POST', '/api/v1/devices/cam/stop')
    const stopped = (await counts(relay, 'cam')).length
    await expect.poll(() => relay.live.scorer.held.has('cam')).toBe(false)
    await pass(100)
    expect((await counts(relay, 'cam')).length).toBe(stopped)
  })

  it('replays a recording as a device, faster, and holds it', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    await watch(relay, ann, 'old', 'replay')
    const lines = Array.from({ length: 21 }, (_, i) => `${1000 + i * 60},5,4,300,200`)
    const table = `ts,orig_pkts,resp_pkts,orig_bytes,resp_bytes\n${lines.join('\n')}\n`
    const answer = await relay.app.inject({
      method: 'POST',
      url: '/api/v1/devices/old/replay',
      headers: { host: 'localhost', ...ann.headers, 'content-type': 'application/octet-stream' },
      payload: Buffer.from(table),
    })
    expect(answer.json()).toMatchObject({ flows: 21, lengthMicros: 1200 * SECOND, paused: false })
    const put = (change: object) => call(relay, ann, 'PUT', '/api/v1/devices/old/replay', change)
    expect((await put({ speed: 60 })).json()).toMatchObject({ speed: 60 })
    relay.clock.micros += 10 * SECOND
    await relay.live.sources.tick()
    expect(await counts(relay, 'old')).toHaveLength(11)
    expect((await put({ paused: true })).json()).toMatchObject({ positionMicros: 600 * SECOND })
    relay.clock.micros += 10 * SECOND
    await relay.live.sources.tick()
    expect(await counts(relay, 'old')).toHaveLength(11)
    expect((await put({ speed: 5000 })).statusCode).toBe(400)
    expect(
      (await call(relay, ann, 'POST', '/api/v1/devices/old/attack', { kind: 'flood', seconds: 3 })).statusCode,
    ).toBe(409)
  })
})
