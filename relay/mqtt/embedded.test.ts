import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MqttClient } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import { type EmbeddedBroker, type EmbeddedOptions, openEmbeddedBroker } from './embedded.ts'
import { connect, connectPacket, FLOW, type MemoryPorts, memoryPorts, packet, type Raw, raw, until } from './fixture.ts'
import { takeUpgrades } from './listeners.ts'

const LISTEN = { host: '127.0.0.1', tcpPort: 0 }
const url = (broker: EmbeddedBroker) => `mqtt://127.0.0.1:${broker.ports.tcp}`

describe('the embedded broker', () => {
  const open: { broker: EmbeddedBroker; clients: MqttClient[]; raws: Raw[] }[] = []
  afterEach(async () => {
    for (const { broker, clients, raws } of open.splice(0)) {
      await Promise.all(clients.map((client) => client.endAsync(true)))
      for (const { socket } of raws) socket.destroy()
      await broker.close()
    }
  })

  async function start(options: Partial<EmbeddedOptions> = {}): Promise<{
    broker: EmbeddedBroker
    ports: MemoryPorts
    enter: (device: string, more?: Parameters<typeof connect>[2]) => Promise<MqttClient>
    dial: () => Promise<Raw>
  }> {
    const ports = memoryPorts('cam', 'plug', 'hub')
    const broker = await openEmbeddedBroker({ ...ports, listen: LISTEN, ...options })
    const clients: MqttClient[] = []
    const raws: Raw[] = []
    open.push({ broker, clients, raws })
    return {
      broker,
      ports,
      async enter(device, more) {
        const client = await connect(url(broker), device, more)
        client.on('error', () => {})
        clients.push(client)
        return client
      },
      async dial() {
        const one = await raw(broker.ports.tcp ?? 0)
        raws.push(one)
        return one
      },
    }
  }

  it('acknowledges a message only after its records are committed', async () => {
    const { ports, enter } = await start()
    let commit = () => {}
    ports.commit = () => new Promise((resolve) => (commit = resolve))
    const cam = await enter('cam')
    let acknowledged = false
    const answer = cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 }).then(() => (acknowledged = true))
    // A ping goes round after the message: without waiting, its answer would come behind the acknowledgement.
    const plug = await enter('plug')
    await plug.publishAsync('guardian/plug/state', 'on', { qos: 1 })
    expect(acknowledged).toBe(false)
    ports.commit = async () => {}
    commit()
    await answer
    expect(ports.taken).toHaveLength(1)
  })

  it('closes the connection unacknowledged when the records cannot be committed, and takes them when the device comes back', async () => {
    const { broker, ports, enter } = await start()
    ports.commit = async () => {
      throw new Error('disk full')
    }
    const cam = await enter('cam', { clean: false, reconnectPeriod: 20 })
    const answer = cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    await until('one failed', () => broker.stats().uncommitted > 0)
    expect(ports.taken).toHaveLength(0)
    ports.commit = async () => {}
    await answer
    expect(ports.taken.length).toBeGreaterThanOrEqual(1)
    expect(broker.stats().refused['not-committed']).toBeGreaterThan(0)
  })

  it('holds back a limited device and drops what it sends without asking for an answer', async () => {
    const { broker, ports, enter } = await start()
    const cam = await enter('cam')
    await broker.limit('cam', 50)
    const began = performance.now()
    await Promise.all(Array.from({ length: 75 }, () => cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })))
    // 50 at once, 25 at 50 a second: at least half a second, whatever the machine's load.
    expect(performance.now() - began).toBeGreaterThan(400)
    expect(ports.taken).toHaveLength(75)
    for (let sent = 0; sent < 30; sent++) cam.publish('guardian/cam/flow', FLOW)
    await until('some are dropped', () => (broker.stats().refused['rate-limited'] ?? 0) > 25)
    await broker.limit('cam', undefined)
    const before = ports.taken.length
    await Promise.all(Array.from({ length: 75 }, () => cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })))
    expect(ports.taken.length - before).toBe(75)
  })

  it('makes flow records of what it saw itself', async () => {
    const { broker, ports, enter } = await start()
    const cam = await enter('cam')
    for (const topic of ['a', 'b', 'b']) await cam.publishAsync(`guardian/cam/${topic}`, 'x'.repeat(100), { qos: 1 })
    await broker.flush()
    const seen = ports.taken.filter(({ source }) => source === 'broker')
    expect(seen).toHaveLength(1)
    expect(seen[0]?.records[0]).toMatchObject({ orig_pkts: 4, resp_pkts: 4, connects: 1, topics: 2, proto: 'tcp' })
    expect(seen[0]?.records[0]?.orig_bytes).toBeGreaterThan(300)
    // A CONNACK and three PUBACKs of four bytes each.
    expect(seen[0]?.records[0]?.resp_bytes).toBe(16)
    await broker.flush()
    expect(ports.taken.filter(({ source }) => source === 'broker')).toHaveLength(1)
  })

  it('takes WebSocket clients on a port of its own and on the upgrades of a server', async () => {
    const { broker, ports } = await start({ listen: { ...LISTEN, wsPort: 0 } })
    const server = createServer()
    let others = 0
    server.on('upgrade', (_request, socket) => {
      others++
      socket.destroy()
    })
    takeUpgrades(server, broker.upgrade)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const shared = (server.address() as AddressInfo).port
    for (const port of [broker.ports.ws, shared]) {
      const client = await connect(`ws://127.0.0.1:${port}/mqtt`, 'cam')
      await client.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
      await client.endAsync(true)
    }
    expect(ports.taken).toHaveLength(2)
    await expect(connect(`ws://127.0.0.1:${shared}/other`, 'cam', { connectTimeout: 2000 })).rejects.toThrow()
    expect(others).toBe(1)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('refuses 100,000 topics of one client, counts them, and serves others on', async () => {
    const { broker, ports, dial, enter } = await start()
    const one = await dial()
    one.socket.write(connectPacket('cam'))
    await until('connected', () => one.got().length >= 4)
    const many = Array.from({ length: 100_000 }, (_, at) => packet(0x30, `guardian/cam/t${at}`, Buffer.from('x')))
    one.socket.write(Buffer.concat(many))
    const plug = await enter('plug')
    await plug.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
    await until('all were judged', () => broker.stats().refused['too-many-topics'] === 99_000)
    expect(one.closed()).toBe(false)
    expect(ports.taken).toHaveLength(1)
    await broker.flush()
    expect(ports.told.filter(({ reason }) => reason === 'too-many-topics').length).toBeLessThan(100)
  })

  it('refuses subscriptions beyond its number', async () => {
    const { broker, enter } = await start()
    const cam = await enter('cam')
    const filters = Array.from({ length: 150 }, (_, at) => `guardian/cam/f${at}`)
    const granted: number[] = []
    for (const filter of filters)
      granted.push(
        ...(await cam.subscribeAsync(filter).then(
          (all) => all.map(({ qos }) => qos),
          () => [128],
        )),
      )
    expect(granted.filter((qos) => qos < 3)).toHaveLength(100)
    expect(broker.stats().refused['too-many-subscriptions']).toBe(50)
  })
})
