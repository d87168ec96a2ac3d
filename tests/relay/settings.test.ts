import { expect, it } from 'vitest'
import { call, claimRelay, join, openRelay } from './relays.ts'
import { forEachStore } from './stores.ts'

const DAY = 86_400e6

forEachStore((stores) => {
  it('keeps settings of each person apart', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    const bob = await join(relay, ann, 'viewer', 'bob')
    const path = '/api/v1/me/settings/panels'
    expect((await call(relay, bob, 'GET', path)).json()).toEqual({ value: null })
    await call(relay, bob, 'PUT', path, { value: ['timeline', 'threat'] })
    await call(relay, bob, 'PUT', path, { value: ['threat'] })
    expect((await call(relay, bob, 'GET', path)).json()).toEqual({ value: ['threat'] })
    expect((await call(relay, ann, 'GET', path)).json()).toEqual({ value: null })
    expect((await call(relay, bob, 'PUT', path, { value: 'x'.repeat(20_000) })).statusCode).toBe(413)
    expect((await call(relay, bob, 'PUT', '/api/v1/me/settings/Not-a-name', { value: 1 })).statusCode).toBe(400)
  })

  it('removes what is older than its owner wants, but nothing that is still to be judged', async () => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    expect((await call(relay, ann, 'GET', '/api/v1/settings/retention')).json()).toMatchObject({ records: 30 })
    await call(relay, ann, 'PUT', '/api/v1/live', { on: false })
    for (const id of ['judged', 'waits']) await call(relay, ann, 'POST', '/api/v1/devices', { id, name: id })
    const now = relay.clock.micros
    const row = (device: string, age: number) => ({ device, at_micros: now - age * DAY, source: 'script', body: '{}' })
    await relay.store.write(async (trx) => {
      await trx
        .insertInto('records')
        .values([row('judged', 20), row('judged', 5), row('waits', 20), row('gone', 20)])
        .execute()
      await trx.deleteFrom('cursors').execute()
      const cursor = { relay: 'other', until_micros: now + DAY }
      await trx
        .insertInto('cursors')
        .values([
          { device: 'judged', record: 1_000_000, ...cursor },
          { device: 'waits', record: 0, ...cursor },
        ])
        .execute()
    })
    await call(relay, ann, 'PUT', '/api/v1/settings/retention', { records: 10 })
    const { removed } = (await call(relay, ann, 'POST', '/api/v1/settings/clean-up')).json<{
      removed: Record<string, number>
    }>()
    expect(removed).toEqual({ records: 2, verdicts: 0, alerts: 0, scans: 0 })
    const left = await relay.store.db.selectFrom('records').select('device').orderBy('id').execute()
    expect(left.map(({ device }) => device)).toEqual(['judged', 'waits'])
  })
})
