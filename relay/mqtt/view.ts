/** The broker's own view of one device: what it sent and got in a minute, how large and how far apart, becomes one flow record. */
import { FEATURE_NAMES } from '#core/flow/features.ts'
import type { FlowRecord } from '#core/live/wire.ts'

/** Packet types (MQTT 3.1.1 §2.2.1) that the broker answers with one packet. */
const CONNECT = 1
const PUBLISH = 3
const ANSWERED = new Set([CONNECT, 6, 8, 10, 12])

const MICROS_PER_SECOND = 1e6

const FEATURE = {
  duration: at('Flow Duration'),
  sizeMax: at('Fwd Packet Length Max'),
  sizeMin: at('Fwd Packet Length Min'),
  sizeMean: at('Fwd Packet Length Mean'),
  sizeStd: at('Fwd Packet Length Std'),
  bytesPerSecond: at('Flow Bytes/s'),
  gapTotal: at('Fwd IAT Total'),
  gapMean: at('Fwd IAT Mean'),
  gapStd: at('Fwd IAT Std'),
  gapMax: at('Fwd IAT Max'),
  gapMin: at('Fwd IAT Min'),
  forwardRate: at('Fwd Packets/s'),
  backwardRate: at('Bwd Packets/s'),
}

export class View {
  #sizes = new Moments()
  #gaps = new Moments()
  #answers = 0
  #bytesOut = 0
  #connects = 0
  #topics = new Set<string>()
  #firstMicros = 0
  #lastMicros = 0

  /** A packet from the device. */
  packet(type: number, qos: number, bytes: number, nowMicros: number): void {
    if (this.#sizes.count > 0) this.#gaps.add(Math.max(0, nowMicros - this.#lastMicros))
    else this.#firstMicros = nowMicros
    this.#lastMicros = nowMicros
    this.#sizes.add(bytes)
    if (type === CONNECT) this.#connects++
    if (ANSWERED.has(type) || (type === PUBLISH && qos > 0)) this.#answers++
  }

  published(topic: string, maxTopics: number): void {
    if (this.#topics.size < maxTopics) this.#topics.add(topic)
  }

  /** A message to the device. */
  delivered(): void {
    this.#answers++
  }

  sent(bytes: number): void {
    this.#bytesOut += bytes
  }

  /** What was seen since the last call; undefined when that is nothing. Lengths are those of MQTT packets. */
  take(port: number): FlowRecord | undefined {
    const sizes = this.#sizes
    const gaps = this.#gaps
    if (sizes.count === 0) return undefined
    const micros = Math.max(0, this.#lastMicros - this.#firstMicros)
    const features: (number | null)[] = new Array(FEATURE_NAMES.length).fill(null)
    const set = (index: number, value: number | undefined) => {
      features[index] = value === undefined || !Number.isFinite(value) ? null : value
    }
    set(FEATURE.duration, micros)
    set(FEATURE.sizeMax, sizes.max)
    set(FEATURE.sizeMin, sizes.min)
    set(FEATURE.sizeMean, sizes.mean)
    set(FEATURE.sizeStd, sizes.deviation)
    set(FEATURE.gapTotal, micros)
    if (gaps.count > 0) {
      set(FEATURE.gapMax, gaps.max)
      set(FEATURE.gapMin, gaps.min)
      set(FEATURE.gapMean, gaps.mean)
      set(FEATURE.gapStd, gaps.deviation)
    }
    if (micros > 0) {
      const seconds = micros / MICROS_PER_SECOND
      set(FEATURE.bytesPerSecond, (sizes.sum + this.#bytesOut) / seconds)
      set(FEATURE.forwardRate, sizes.count / seconds)
      set(FEATURE.backwardRate, this.#answers / seconds)
    }
    const record: FlowRecord = {
      ts: this.#firstMicros / MICROS_PER_SECOND,
      duration: micros / MICROS_PER_SECOND,
      orig_pkts: sizes.count,
      resp_pkts: this.#answers,
      orig_bytes: sizes.sum,
      resp_bytes: this.#bytesOut,
      peer_port: port,
      proto: 'tcp',
      outward: true,
      connects: this.#connects,
      topics: this.#topics.size,
      features,
    }
    this.#sizes = new Moments()
    this.#gaps = new Moments()
    this.#answers = 0
    this.#bytesOut = 0
    this.#connects = 0
    this.#topics = new Set()
    return record
  }
}

/** Running mean and sample deviation (Welford 1962). */
class Moments {
  count = 0
  sum = 0
  min = Number.POSITIVE_INFINITY
  max = 0
  mean = 0
  #squares = 0

  add(value: number): void {
    this.count++
    this.sum += value
    this.min = Math.min(this.min, value)
    this.max = Math.max(this.max, value)
    const delta = value - this.mean
    this.mean += delta / this.count
    this.#squares += delta * (value - this.mean)
  }

  get deviation(): number {
    return this.count > 1 ? Math.sqrt(this.#squares / (this.count - 1)) : 0
  }
}

function at(name: string): number {
  const index = FEATURE_NAMES.indexOf(name)
  if (index < 0) throw new Error(`there is no feature ${name}`)
  return index
}
