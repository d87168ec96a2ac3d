import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { call, claimRelay, openRelay } from './relays.ts'
import { forEachStore } from './stores.ts'

const CAN_CAPTURE = spawnSync('tcpdump', ['-D']).status === 0 && process.getuid?.() === 0

forEachStore((stores) => {
  it.skipIf(!CAN_CAPTURE)('captures real packets, which become records of the device with that address', async () => {
    const relay = await openRelay(await stores.open(), { now: () => Date.now() * 1000 })
    const ann = await claimRelay(relay)
    await call(relay, ann, 'POST', '/api/v1/devices', { id: 'here', name: 'Here', address: '127.0.0.1' })
    const started = await call(relay, ann, 'POST', '/api/v1/live/capture', { interface: 'lo' })
    expect(started.statusCode).toBe(201)
    const server = createServer((socket) => socket.end('good bye')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const socket = connect(port, '127.0.0.1')
    socket.write('hello')
    socket.resume()
    await once(socket, 'close')
    server.close()
    const packets = async () =>
      (await call(relay, ann, 'GET', '/api/v1/live/capture')).json<{ packets: number }>().packets
    await expect.poll(packets, { timeout: 10_000 }).toBeGreaterThan(5)
    expect((await call(relay, ann, 'DELETE', '/api/v1/live/capture')).statusCode).toBe(204)
    const rows = await relay.store.db
      .selectFrom('records')
      .select(['source', 'body'])
      .where('device', '=', 'here')
      .execute()
    const flow = rows.map(({ body }) => JSON.parse(body)).find(({ peer_port }) => peer_port === port)
    expect(flow).toMatchObject({ proto: 'tcp', peer: '127.0.0.1' })
    expect(flow.orig_pkts + flow.resp_pkts).toBeGreaterThanOrEqual(6)
    expect(new Set(rows.map(({ source }) => source))).toEqual(new Set(['capture']))
  })

  it.each([
    { interface: '-w' },
    { interface: 'lo; reboot' },
    { interface: 'lo', remote: { user: 'ann', host: '-oProxyCommand=reboot' } },
  ])('refuses %j', async (asked) => {
    const relay = await openRelay(await stores.open())
    const ann = await claimRelay(relay)
    expect((await call(relay, ann, 'POST', '/api/v1/live/capture', asked)).statusCode).toBe(400)
    expect((await call(relay, ann, 'GET', '/api/v1/live/capture')).json()).toEqual({ running: false })
  })
})
