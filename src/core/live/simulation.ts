/**
 * Simulated devices: flows in real units, drawn from distributions that tools/fit-simulation.ts took from recordings of them. The same seed gives
 * the same flows. Nothing here knows a model or its scaling.
 */
import { createRandom, type Random } from '../base/random.ts'
import { DEVICES } from './simulation-profiles.ts'
import type { FlowRecord } from './wire.ts'

/** One kind of conversation of a device. Quantiles are at equal steps from the smallest to the largest seen. */
export interface Talk {
  readonly proto?: 'tcp' | 'udp' | 'icmp'
  /** The service's port, at the other end, or at the device when `outward` is false. */
  readonly servicePort?: number
  readonly outward: boolean
  /** Other ends it was seen with. */
  readonly peers: number
  /** Seconds from one flow's end to the next one's. */
  readonly gap: readonly number[]
  readonly duration: readonly number[]
  readonly packets: readonly number[]
  /** Packets of the answer for each of the question. */
  readonly answered: readonly number[]
  readonly bytesPerPacket: readonly number[]
  readonly answerBytesPerPacket: readonly number[]
}

export type SimulatedType = keyof typeof DEVICES
/** Each follows its definition: no recording of an attack went into them. */
export const SIMULATED_ATTACKS = ['port-scan', 'flood', 'beacon', 'brute-force'] as const
export type SimulatedAttack = (typeof SIMULATED_ATTACKS)[number]

export interface SimulationOptions {
  readonly type: SimulatedType
  readonly seed: number
  /** µs since 1970: nothing happens before. */
  readonly startMicros: number
}

/** Of one attack episode, flows a second where the attacker sets the pace. */
const SCAN_PER_SECOND = 40
const BEACON_SECONDS = 30
const FLOOD_FLOWS_PER_SECOND = 5
const FLOOD_PACKETS_PER_SECOND = 4000
const SYN_BYTES = 40
/** Other ends of attacks come after those of a device's own talks. */
const ATTACK_PEERS = 12
const SERVER_PORTS = 1024
const EPHEMERAL = 49_152

/** Guesses at an SSH server: a connection each, with versions, a key exchange and one refused password (RFC 4253, RFC 4252). */
const GUESSING: Talk = {
  proto: 'tcp',
  servicePort: 22,
  outward: true,
  peers: 1,
  gap: [0.4, 0.6, 0.8, 1, 1.2, 1.5, 2],
  duration: [0.6, 0.8, 1, 1.4, 2, 2.6],
  packets: [12, 13, 14, 15, 16],
  answered: [0.85, 0.9, 1, 1],
  bytesPerPacket: [120, 130, 140, 150, 170],
  answerBytesPerPacket: [130, 150, 165, 180],
}

interface Due {
  atMicros: number
  readonly draw: (atMicros: number) => FlowRecord
  readonly gapMicros: () => number
  readonly untilMicros: number
}

export class Simulation {
  readonly #random: Random
  readonly #due: Due[]

  constructor({ type, seed, startMicros }: SimulationOptions) {
    this.#random = createRandom(seed)
    this.#due = DEVICES[type].map((talk, number) => this.#talk(talk, number, startMicros, Number.POSITIVE_INFINITY))
  }

  /** An episode from `atMicros` on, between all that the device does otherwise. */
  attack(kind: SimulatedAttack, atMicros: number, seconds: number): void {
    const untilMicros = atMicros + seconds * 1e6
    if (kind === 'port-scan') this.#due.push(this.#scan(atMicros, untilMicros))
    else if (kind === 'flood') this.#due.push(this.#flood(atMicros, untilMicros))
    else if (kind === 'beacon') this.#due.push(this.#beacon(atMicros, untilMicros))
    else this.#due.push(this.#talk(GUESSING, ATTACK_PEERS, atMicros, untilMicros))
  }

  /** At most `limit` flows that ended until then, in order; `ts` is when each began. */
  take(nowMicros: number, limit: number): FlowRecord[] {
    const given: FlowRecord[] = []
    while (given.length < limit) {
      const next = this.#due.reduce<Due | undefined>(
        (least, due) => (least && least.atMicros <= due.atMicros ? least : due),
        undefined,
      )
      if (!next || next.atMicros > nowMicros) break
      given.push(next.draw(next.atMicros))
      next.atMicros += next.gapMicros()
      if (next.atMicros > next.untilMicros) this.#due.splice(this.#due.indexOf(next), 1)
    }
    return given
  }

  #talk(talk: Talk, number: number, startMicros: number, untilMicros: number): Due {
    const random = this.#random
    const gapMicros = () => Math.max(1, quantile(talk.gap, random.next()) * 1e6)
    return {
      atMicros: startMicros + gapMicros() * random.next(),
      untilMicros,
      gapMicros,
      draw: (atMicros) => {
        // Longer flows carry more: one draw for both.
        const size = random.next()
        const duration = quantile(talk.duration, size)
        const packets = Math.max(1, Math.round(quantile(talk.packets, size)))
        const answers = Math.round(packets * quantile(talk.answered, random.next()))
        const peer = `198.51.100.${1 + ((number * 16 + random.int(talk.peers)) % 254)}`
        const far = EPHEMERAL + random.int(65_536 - EPHEMERAL)
        const service = talk.servicePort ?? far
        return {
          ts: atMicros / 1e6 - duration,
          duration,
          orig_pkts: packets,
          resp_pkts: answers,
          orig_bytes: Math.round(packets * quantile(talk.bytesPerPacket, random.next())),
          resp_bytes: Math.round(answers * quantile(talk.answerBytesPerPacket, random.next())),
          peer,
          peer_port: talk.outward ? service : far,
          port: talk.outward ? far : service,
          ...(talk.proto ? { proto: talk.proto } : {}),
          ...(talk.outward ? {} : { outward: false }),
        }
      },
    }
  }

  /** One SYN to each port of one neighbour after the other, refused. */
  #scan(atMicros: number, untilMicros: number): Due {
    const random = this.#random
    let at = 0
    return {
      atMicros,
      untilMicros,
      gapMicros: () => (1e6 / SCAN_PER_SECOND) * (0.5 + random.next()),
      draw: (micros) => ({
        ts: micros / 1e6 - 0.001,
        duration: 0.001,
        orig_pkts: 1,
        resp_pkts: 1,
        orig_bytes: 0,
        resp_bytes: 0,
        peer: `192.168.1.${1 + (Math.floor(at / SERVER_PORTS) % 254)}`,
        peer_port: 1 + (at++ % SERVER_PORTS),
        port: EPHEMERAL + random.int(65_536 - EPHEMERAL),
        proto: 'tcp',
      }),
    }
  }

  /** SYNs without an end to one far service that no longer answers. */
  #flood(atMicros: number, untilMicros: number): Due {
    const random = this.#random
    return {
      atMicros,
      untilMicros,
      gapMicros: () => (1e6 / FLOOD_FLOWS_PER_SECOND) * (0.5 + random.next()),
      draw: (micros) => {
        const packets = Math.round((FLOOD_PACKETS_PER_SECOND / FLOOD_FLOWS_PER_SECOND) * (0.8 + 0.4 * random.next()))
        return {
          ts: micros / 1e6 - 0.2,
          duration: 0.2,
          orig_pkts: packets,
          resp_pkts: random.int(3),
          orig_bytes: packets * SYN_BYTES,
          resp_bytes: 0,
          peer: '203.0.113.80',
          peer_port: 80,
          port: EPHEMERAL + random.int(65_536 - EPHEMERAL),
          proto: 'tcp',
        }
      },
    }
  }

  /** A small question to one far host, at an even beat. */
  #beacon(atMicros: number, untilMicros: number): Due {
    const random = this.#random
    return {
      atMicros,
      untilMicros,
      gapMicros: () => BEACON_SECONDS * 1e6 * (1 + 0.01 * random.normal()),
      draw: (micros) => ({
        ts: micros / 1e6 - 0.2,
        duration: 0.2,
        orig_pkts: 5,
        resp_pkts: 4,
        orig_bytes: 96 + random.int(4),
        resp_bytes: 48,
        peer: '203.0.113.66',
        peer_port: 8443,
        port: EPHEMERAL + random.int(65_536 - EPHEMERAL),
        proto: 'tcp',
      }),
    }
  }
}

/** Between two steps as on a straight line. */
function quantile(steps: readonly number[], share: number): number {
  const at = share * (steps.length - 1)
  const below = Math.floor(at)
  const [low = 0, high = low] = [steps[below], steps[below + 1]]
  return low + (high - low) * (at - below)
}
