/**
 * Load for an MQTT broker, in a process of its own: raw MQTT 3.1.1 on sockets, so that the generator takes little of the machine.
 * node bench/mqtt-load.ts '{"port":1883,"devices":200,"perSecond":5000,"seconds":10}' prints one line of JSON.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Load {
  readonly port: number
  readonly devices: number
  /** Messages a second over all devices, each sent at its time whether or not others are answered; 0: as many as are answered. */
  readonly perSecond: number
  readonly seconds: number
  /** Unanswered messages of one device, without `perSecond`. */
  readonly window: number
}

export interface LoadResult {
  readonly connectSeconds: number
  readonly sent: number
  readonly acknowledged: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly dropped: number
}

const CONNECT_AT_ONCE = 100
const SETTLE_MS = 10_000
const KEEPALIVE_SECONDS = 60

interface Device {
  readonly socket: Socket
  /** The packet; its id stands before the payload. */
  readonly message: Buffer
  readonly sentAt: Float64Array
  nextId: number
  open: number
}

const string = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

function packet(first: number, body: Buffer): Buffer {
  const length: number[] = []
  let left = body.length
  do {
    length.push((left % 128) | (left >= 128 ? 128 : 0))
    left = Math.floor(left / 128)
  } while (left > 0)
  return Buffer.concat([Buffer.from([first, ...length]), body])
}

const RECORD = JSON.stringify({
  orig_pkts: 12,
  resp_pkts: 9,
  orig_bytes: 1480,
  resp_bytes: 932,
  duration: 1.25,
  peer: '192.0.2.17',
  peer_port: 443,
  proto: 'tcp',
})

async function run(load: Load): Promise<LoadResult> {
  const latencies: number[] = []
  let sent = 0
  let acknowledged = 0
  let dropped = 0
  let ending = false
  let refill: ((device: Device) => void) | undefined

  const open = async (at: number): Promise<Device> => {
    const name = `device-${at}`
    const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true })
    const fixed = Buffer.from([4, 0xc2, KEEPALIVE_SECONDS >> 8, KEEPALIVE_SECONDS])
    socket.write(packet(0x10, Buffer.concat([string('MQTT'), fixed, string(name), string(name), string('secret')])))
    const [first] = (await once(socket, 'data')) as [Buffer]
    if (first[0] !== 0x20 || first[3] !== 0) throw new Error(`${name} was refused`)
    const topic = string(`guardian/${name}/flow`)
    const message = packet(0x32, Buffer.concat([topic, Buffer.alloc(2), Buffer.from(RECORD)]))
    const device: Device = {
      socket,
      message,
      sentAt: new Float64Array(65_536),
      nextId: 1,
      open: 0,
    }
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let at = 0
      const now = performance.now()
      for (; bytes.length - at >= 2; ) {
        const size = 2 + bytes[at + 1]!
        if (bytes.length - at < size) break
        if (bytes[at] === 0x40) {
          const id = (bytes[at + 2]! << 8) | bytes[at + 3]!
          latencies.push(now - device.sentAt[id]!)
          acknowledged++
          device.open--
          refill?.(device)
        }
        at += size
      }
      rest = bytes.subarray(at)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (!ending) dropped++
    })
    return device
  }

  const publish = (device: Device, at: number) => {
    const id = device.nextId
    device.nextId = id === 65_535 ? 1 : id + 1
    const bytes = Buffer.from(device.message)
    const offset = bytes.length - RECORD.length - 2
    bytes[offset] = id >> 8
    bytes[offset + 1] = id & 255
    device.sentAt[id] = at
    device.open++
    sent++
    device.socket.write(bytes)
  }

  const began = performance.now()
  const devices: Device[] = []
  for (let at = 0; at < load.devices; at += CONNECT_AT_ONCE) {
    const some = Array.from({ length: Math.min(CONNECT_AT_ONCE, load.devices - at) }, (_, more) => open(at + more))
    devices.push(...(await Promise.all(some)))
  }
  const connectSeconds = (performance.now() - began) / 1000
  const pings = setInterval(
    () => {
      for (const { socket } of devices) socket.write(Buffer.from([0xc0, 0]))
    },
    (KEEPALIVE_SECONDS / 2) * 1000,
  )

  const start = performance.now()
  const end = start + load.seconds * 1000
  if (load.perSecond === 0) {
    refill = (device) => {
      const now = performance.now()
      while (now < end && device.open < load.window) publish(device, now)
    }
    for (const device of devices) refill(device)
    await new Promise((resolve) => setTimeout(resolve, load.seconds * 1000))
  } else {
    let due = 0
    while (performance.now() < end) {
      const now = performance.now()
      // From when it was due, not from when it was sent: a generator that is held up must not hide it.
      for (; start + (due * 1000) / load.perSecond <= now; due++)
        publish(devices[due % devices.length]!, start + (due * 1000) / load.perSecond)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const inTime = acknowledged
  const seconds = (performance.now() - start) / 1000
  for (let waited = 0; acknowledged < sent && waited < SETTLE_MS; waited += 10)
    await new Promise((resolve) => setTimeout(resolve, 10))
  ending = true
  clearInterval(pings)
  for (const { socket } of devices) socket.destroy()
  const sorted = Float64Array.from(latencies).sort()
  const quantile = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return {
    connectSeconds,
    sent,
    acknowledged,
    perSecond: inTime / seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: quantile(1),
    dropped,
  }
}

if (import.meta.main) {
  const [given] = process.argv.slice(2)
  if (given === undefined)
    throw new Error('give the load as JSON: {"port":1883,"devices":200,"perSecond":5000,"seconds":10,"window":10}')
  console.log(JSON.stringify(await run(JSON.parse(given))))
}
