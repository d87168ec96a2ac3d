/** Whom each device knows outside, and since when: the difference between a habit and a stranger. Destinations are owners of names, or networks. */
import { networkOf } from '../device/address.ts'
import { BoundedMap } from './bounded-map.ts'
import type { FlowEvent } from './event.ts'

/** A thing keeps to a few destinations; a device with more is a person's, and meets new ones all day. */
export const MAX_DESTINATIONS = 48
export const MAX_NAMES = 50_000
export const MAX_DEVICES = 4096
const EVERYDAY_PORTS = new Set([80, 443, 993, 1883, 5222, 5223, 5228, 8080, 8443, 8883])

export interface Destination {
  readonly key: string
  readonly sinceMicros: number
}

/** A meeting as the rules need it. */
export interface Meeting {
  /** When the device was first heard. */
  readonly deviceSinceMicros: number
  /** Undefined for peers at home, for what comes in, and for a device that roams. */
  readonly destination: Destination | undefined
  /** How long the device had met nobody new when it met this destination, just now; undefined when it knew it. */
  readonly settledMicros: number | undefined
}

interface Circle {
  readonly sinceMicros: number
  readonly destinations: Map<string, Destination>
  /** Has met more than MAX_DESTINATIONS. */
  roams: boolean
  /** When it last met one that was new, or was first heard itself. */
  newestMicros: number
}

export class Acquaintances {
  readonly #circles = new BoundedMap<number, Circle>(MAX_DEVICES)
  readonly #names = new BoundedMap<string, string>(MAX_NAMES)
  #hasNames = false

  get devices(): number {
    return this.#circles.size
  }

  nameAddress(address: string, name: string): void {
    this.#hasNames = true
    if (this.#names.get(address) === undefined) this.#names.set(address, name)
  }

  /** Whether the host has a name. Tables name nobody; there, one on an everyday port may well have one. */
  isNamed(address: string, port: number): boolean {
    return this.#hasNames ? this.#names.get(address) !== undefined : EVERYDAY_PORTS.has(port)
  }

  meet({ device, micros, peer, outside, outward }: FlowEvent): Meeting {
    let circle = this.#circles.touch(device)
    if (!circle) {
      circle = { sinceMicros: micros, destinations: new Map(), roams: false, newestMicros: micros }
      this.#circles.set(device, circle)
    }
    const deviceSinceMicros = circle.sinceMicros
    const nobody = { deviceSinceMicros, destination: undefined, settledMicros: undefined }
    if (!outside || !outward || circle.roams) return nobody
    const key = this.#destinationOf(peer)
    const known = circle.destinations.get(key)
    if (known) return { deviceSinceMicros, destination: known, settledMicros: undefined }
    if (circle.destinations.size >= MAX_DESTINATIONS) {
      circle.roams = true
      circle.destinations.clear()
      return nobody
    }
    const destination = { key, sinceMicros: micros }
    const settledMicros = micros - circle.newestMicros
    circle.destinations.set(key, destination)
    circle.newestMicros = micros
    return { deviceSinceMicros, destination, settledMicros }
  }

  #destinationOf(address: string): string {
    const name = this.#names.get(address)
    return name === undefined ? networkOf(address) : ownerOf(name)
  }
}

/** The last two labels of a host's name, three where the second is as short as in co.uk: near enough to tell owners apart. */
export function ownerOf(name: string): string {
  const labels = name.split('.')
  const second = labels.at(-2) ?? ''
  return labels.slice(second.length <= 3 && labels.length > 2 ? -3 : -2).join('.')
}
