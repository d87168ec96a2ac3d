import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { type EmbeddedBroker, openEmbeddedBroker } from '../../relay/mqtt/embedded.ts'
import {
  connect,
  connectPacket,
  FLOW,
  type MemoryPorts,
  memoryPorts,
  packet,
  raw,
  text,
  until,
} from '../../relay/mqtt/fixture.ts'

/** MQTT_FUZZ_ROUNDS and MQTT_FUZZ_SEED for longer runs by hand. */
const ROUNDS = Number(process.env.MQTT_FUZZ_ROUNDS ?? 600)
const SEED = Number(process.env.MQTT_FUZZ_SEED ?? 20)
const number = (value: number) => Buffer.from([value >> 8, value & 255])

const SEEDS: readonly Buffer[] = [
  connectPacket('cam'),
  packet(0x10, 'MQTT', Buffer.from([4, 0xf6, 0, 60]), 'cam', 'guardian/cam/will', 'gone', 'cam', 'cam-secret'),
  packet(0x10, 'MQIsdp', Buffer.from([3, 0xc2, 0, 60]), 'cam', 'cam', 'cam-secret'),
  packet(0x82, number(1), 'guardian/cam/#', Buffer.from([1]), 'guardian/+/x', Buffer.from([2])),
  packet(0xa2, number(2), 'guardian/cam/#', 'a'),
  packet(0x30, 'guardian/cam/flow', Buffer.from(FLOW)),
  packet(0x33, 'guardian/cam/flow', number(5), Buffer.from(FLOW)),
  packet(0x34, 'guardian/cam/flow', number(6), Buffer.from(FLOW)),
  packet(0x62, number(6)),
  packet(0x40, number(7)),
  Buffer.from([0xc0, 0]),
  Buffer.from([0xe0, 0]),
  packet(0x30, text('guardian/cam/state'), Buffer.alloc(2000, 'x')),
]

describe('mutated MQTT packets', () => {
  let broker: EmbeddedBroker
  let ports: MemoryPorts
  beforeAll(async () => {
    ports = memoryPorts('cam', 'plug')
    broker = await openEmbeddedBroker({ ...ports, listen: { host: '127.0.0.1', tcpPort: 0 } })
  })
  afterAll(() => broker.close())

  it(
    `of ${ROUNDS} connections end neither the broker nor what another device does`,
    async () => {
      const random = createRandom(SEED)
      const plug = await connect(`mqtt://127.0.0.1:${broker.ports.tcp}`, 'plug')
      let lost = false
      plug.on('close', () => (lost = true))
      for (let round = 0; round < ROUNDS; round++) {
        const one = await raw(broker.ports.tcp ?? 0)
        // Half of them are known before they go wrong.
        if (random.int(2) === 0) one.socket.write(connectPacket('cam', { client: `c${round % 7}` }))
        for (let sent = random.int(6); sent >= 0; sent--)
          one.socket.write(mutate(SEEDS[random.int(SEEDS.length)]!, random))
        one.socket.end()
        if (round % 20 === 0) await plug.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
        await until('the connection ends', () => one.closed())
      }
      const own = ports.taken.filter(({ device, source }) => device === 'plug' && source === 'mqtt')
      expect(own).toHaveLength(ROUNDS / 20)
      expect(lost).toBe(false)
      expect(Object.keys(broker.stats().refused).length).toBeGreaterThan(3)
      await plug.endAsync()
      await until('all have left', () => broker.stats().connected === 0)
    },
    30_000 + ROUNDS * 100,
  )
})

function mutate(seed: Buffer, random: ReturnType<typeof createRandom>): Buffer {
  const bytes = Buffer.from(seed)
  for (let times = random.int(4); times > 0; times--) {
    const at = random.int(bytes.length)
    const how = random.int(4)
    if (how === 0) bytes[at] = random.int(256)
    else if (how === 1) bytes[at] = bytes[at]! ^ (1 << random.int(8))
    else if (how === 2) return bytes.subarray(0, at)
    else
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(random.int(40), random.int(256)), bytes.subarray(at)])
  }
  return bytes
}
