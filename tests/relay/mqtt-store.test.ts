/** The broker on a real store: passwords and rights of devices, names that are announced, refusals in the audit log, the routes. */
import { afterEach, describe, expect, it } from 'vitest'
import { readAudit } from '../../relay/audit/append.ts'
import { hashToken } from '../../relay/auth/tokens.ts'
import { type EmbeddedBroker, openEmbeddedBroker } from '../../relay/mqtt/embedded.ts'
import { connect, FLOW, until } from '../../relay/mqtt/fixture.ts'
import { storePorts } from '../../relay/mqtt/ports.ts'
import { identifyDevice, nameDevice, refusalAuditor } from '../../relay/mqtt/store.ts'
import { createRecordLog } from '../../relay/store/record-log.ts'
import type { Store } from '../../relay/store/store.ts'
import { call, claimRelay, join, openRelay } from './relays.ts'
import { forEachStore } from './stores.ts'

async function addDevice(
  store: Store,
  id: string,
  more: { address?: string; type?: string; status?: string } = {},
): Promise<void> {
  const { address = '', type = 'custom', status = 'offline' } = more
  const row = {
    id,
    name: id,
    type,
    address,
    protocol: 'mqtt',
    port: 1883,
    source: 'live',
    notes: '',
    status,
    monitored: 1,
  }
  const secret = hashToken(`${id}-secret`)
  await store.write(async (trx) => {
    await trx
      .insertInto('devices')
      .values({ ...row, secret, created_micros: 1, last_seen_micros: null, revision: 1 })
      .execute()
  })
}
const rowOf = (store: Store, id: string) =>
  store.db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

forEachStore(({ open }, kind) => {
  const ends: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  async function openBroker(store: Store): Promise<EmbeddedBroker> {
    const log = createRecordLog(store)
    const broker = await openEmbeddedBroker({
      ...storePorts({
        store,
        ingest: (device, records, source) => log.append(device, records, source, Date.now() * 1000),
        seen: () => {},
        statusOf: () => undefined,
        failed: (error) => {
          throw error
        },
      }),
      listen: { host: '127.0.0.1', tcpPort: 0 },
    })
    ends.push(() => broker.close())
    return broker
  }

  it('lets in a device with its own password only', async () => {
    const store = await open()
    await addDevice(store, 'cam')
    await addDevice(store, 'plug')
    await store.write(async (trx) => {
      await trx.updateTable('devices').set({ secret: null }).where('id', '=', 'plug').execute()
    })
    expect(await identifyDevice(store.db, 'cam', 'cam-secret')).toBe(true)
    for (const [device, password] of [
      ['cam', 'plug-secret'],
      ['cam', ''],
      ['plug', 'plug-secret'],
      ['plug', ''],
      ['nobody', ''],
      ['nobody', 'x'],
    ] as const)
      expect(await identifyDevice(store.db, device, password), `${device} ${password}`).toBe(false)
  })

  it('has a record on disk when it is acknowledged, and refusals in the audit log', async () => {
    const store = await open()
    await addDevice(store, 'cam')
    const broker = await openBroker(store)
    const cam = await connect(`mqtt://127.0.0.1:${broker.ports.tcp}`, 'cam')
    ends.push(() => cam.endAsync(true))
    await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    const rows = await store.db.selectFrom('records').selectAll().execute()
    expect(rows).toHaveLength(1)
    expect(JSON.parse(rows[0]?.body ?? '')).toMatchObject(JSON.parse(FLOW))
    for (let sent = 0; sent < 3; sent++) await cam.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
    await broker.flush()
    let entries = await readAudit(store.db, { before: undefined, limit: 10 })
    for (let tries = 0; entries.length === 0 && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      entries = await readAudit(store.db, { before: undefined, limit: 10 })
    }
    expect(entries).toHaveLength(1)
    expect(entries[0]).toMatchObject({ actor: 'cam', action: 'mqtt.refused', target: 'publish-denied' })
    expect(JSON.parse(entries[0]?.detail ?? '')).toMatchObject({ count: 3 })
  })

  it('writes the first refusal at once and the others as a sum', async () => {
    const store = await open()
    const tell = refusalAuditor(store, (error) => {
      throw error
    })
    const refusal = { device: 'cam', reason: 'rate-limited' as const, count: 1, detail: 'slower' }
    for (let second = 0; second < 130; second++) tell([refusal], second * 1000)
    await store.write(async () => {})
    const entries = await readAudit(store.db, { before: undefined, limit: 100 })
    expect(entries.map(({ detail }) => JSON.parse(detail).count).reverse()).toEqual([1, 60, 60])
  })

  it('names the device that is meant, once, and no other', async () => {
    const store = await open()
    await addDevice(store, 'd-1', { address: 'AA:BB:CC:00:11:22' })
    await addDevice(store, 'd-2', { address: '00:12:4b:00:1c:a5:f0:99' })
    await addDevice(store, 'tasmota_ABC')
    await addDevice(store, 'hub', { type: 'gateway' })
    const named = { name: 'Kitchen', model: 'TS011F', vendor: 'Tuya' }
    expect(await nameDevice(store, { announcer: 'hub', id: 'aabbcc001122', ...named })).toBe('d-1')
    expect(await nameDevice(store, { announcer: 'hub', id: '0x00124b001ca5f099', ...named, name: 'Hall' })).toBe('d-2')
    expect(await nameDevice(store, { announcer: 'tasmota_ABC', id: 'ffffffffffff', ...named, name: 'Lamp' })).toBe(
      'tasmota_ABC',
    )
    expect(await nameDevice(store, { announcer: 'hub', id: '0xffffffffffffffff', ...named })).toBeUndefined()
    expect(await nameDevice(store, { announcer: 'hub', id: 'aabbcc001122', ...named, name: 'Other' })).toBeUndefined()
    expect(await rowOf(store, 'd-1')).toMatchObject({ name: 'Kitchen', notes: 'Tuya TS011F', revision: 2 })
    expect(await rowOf(store, 'hub')).toMatchObject({ name: 'hub', revision: 1 })
  })

  it('lets an admin name what a device may do, and holds the broker to it', async () => {
    const store = await open()
    await addDevice(store, 'hub')
    const relay = await openRelay(store, { mqtt: { listen: { host: '127.0.0.1', tcpPort: 0 } } })
    const { broker, ports } = relay
    const refused = () => broker?.stats().refused['publish-denied']
    const admin = await claimRelay(relay)
    const viewer = await join(relay, admin, 'viewer', 'vic')
    const path = '/api/v1/mqtt/devices/hub'
    const url = `mqtt://127.0.0.1:${ports?.tcp}`
    const announce = async () => {
      const hub = await connect(url, 'hub')
      await hub.publishAsync('zigbee2mqtt/bridge/devices', '[]', { qos: 1 })
      await hub.endAsync()
    }
    await announce()
    expect(refused()).toBe(1)
    const rights = { announces: ['zigbee2mqtt'], reads: ['$SYS/#'] }
    expect((await call(relay, viewer, 'PUT', path, rights)).statusCode).toBe(403)
    expect((await call(relay, admin, 'PUT', path, { announces: [], reads: ['$share/g/#'] })).statusCode).toBe(400)
    expect((await call(relay, admin, 'PUT', '/api/v1/mqtt/devices/none', rights)).statusCode).toBe(404)
    expect((await call(relay, admin, 'PUT', path, rights)).statusCode).toBe(200)
    expect((await call(relay, viewer, 'GET', path)).json()).toEqual(rights)
    await announce()
    expect(refused()).toBe(1)
    await call(relay, admin, 'PUT', path, {})
    expect((await call(relay, viewer, 'GET', path)).json()).toEqual({ announces: [], reads: [] })
    await announce()
    await until('it is refused again', () => refused() === 2)

    expect((await call(relay, viewer, 'POST', '/api/v1/mqtt/audit', { url })).statusCode).toBe(403)
    expect((await call(relay, admin, 'POST', '/api/v1/mqtt/audit', { url: 'http://x' })).statusCode).toBe(400)
    const none = await call(relay, admin, 'POST', '/api/v1/mqtt/audit', { url: 'mqtt://127.0.0.1:1' })
    expect([none.statusCode, none.json().message]).toEqual([400, 'no broker answers at mqtt://127.0.0.1:1'])
    // It waits for a connection to be ended that says nothing: once is enough.
    if (kind === 'sqlite') {
      const audit = await call(relay, admin, 'POST', '/api/v1/mqtt/audit', {
        url,
        username: 'hub',
        password: 'hub-secret',
      })
      expect(audit.json()).toMatchObject({
        identity: 'given',
        findings: expect.arrayContaining([expect.objectContaining({ id: 'no-tls' })]),
      })
    }
    expect((await call(relay, viewer, 'GET', '/api/v1/mqtt')).json()).toMatchObject({ broker: { kind: 'embedded' } })
    const written = await readAudit(store.db, { before: undefined, limit: 100 })
    expect(written.filter(({ action }) => action === 'mqtt.audited').map(({ target }) => target)).toContain(
      'mqtt://127.0.0.1:1',
    )
    expect(JSON.stringify(written)).not.toContain('hub-secret')
  })
})

describe('rights of devices at the broker', () => {
  it('are filters as MQTT has them', async () => {
    const { mqttRights } = await import('#core/mqtt/wire.ts')
    const v = await import('valibot')
    for (const filter of ['#', '+', 'a', 'a/b', 'a/+/c', 'a/#', '+/#', '$SYS/#', '/a', 'a//b'])
      expect(v.is(mqttRights, { reads: [filter] }), filter).toBe(true)
    for (const filter of ['', 'a#', 'a/#/b', 'a+', '+a', '##', 'a/b#', '$share/g/a', '$queue/a', 'a\0'])
      expect(v.is(mqttRights, { reads: [filter] }), JSON.stringify(filter)).toBe(false)
  })
})
