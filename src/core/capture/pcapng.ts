/** The pcapng file format (draft-ietf-opsawg-pcapng): sections, interfaces with their own clocks, and the three kinds of packet block. */
import type { FrameSink, RecordParser } from './frame-sink.ts'
import { nameLinkType, readsLinkType } from './link-types.ts'
import { MAX_FRAME_BYTES } from './pcap.ts'
import { createClock, type TickClock } from './tick-clock.ts'

export const PCAPNG_MAGIC = 0x0a0d0d0a
/** A frame and room for options; a longer packet, section or interface block means a broken file. */
const MAX_BLOCK_BYTES = 1 << 20
const MAX_INTERFACES = 4096
const BLOCK = { section: PCAPNG_MAGIC, interface: 1, oldPacket: 2, simplePacket: 3, enhancedPacket: 6 } as const
const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const

interface Interface {
  readonly linkType: number
  readonly readable: boolean
  readonly snapLength: number
  readonly clock: TickClock
}

export class PcapngParser implements RecordParser {
  readonly #sink: FrameSink
  #littleEndian = true
  #interfaces: Interface[] = []
  #lastMicros = 0
  #sections = 0
  skipBytes = 0
  broken: string | undefined
  packets = 0
  readonly skipped = new Map<string, number>()
  readonly remarks: string[] = []

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  need(bytes: Uint8Array, at: number, available: number): number {
    if (available < 12) return 12
    const size = this.#blockBytes(bytes, at)
    // Anything that `parse` will not read whole is decided by these 12 bytes.
    return size > MAX_BLOCK_BYTES || !isRead(this.#blockType(bytes, at)) ? 12 : Math.max(12, size)
  }

  parse(bytes: Uint8Array, at: number, end: number): number {
    while (end - at >= 12) {
      const type = this.#blockType(bytes, at)
      const size = this.#blockBytes(bytes, at)
      if (size < 12 || size % 4 !== 0) {
        this.broken = `a block claims a length of ${size} bytes, which no block can have`
        return at
      }
      if (type !== BLOCK.section && this.#sections === 0) {
        this.broken = 'the section header is missing'
        return at
      }
      const skippable = !isRead(type)
      if (!skippable && size > MAX_BLOCK_BYTES) {
        this.broken = `a block claims ${size} bytes, more than the ${MAX_BLOCK_BYTES} we accept`
        return at
      }
      if (at + size > end) {
        if (!skippable) return at
        this.skipBytes = at + size - end
        return end
      }
      if (!skippable) {
        if (type === BLOCK.section && !this.#startSection(bytes, at)) return at
        if (this.#u32(bytes, at + size - 4) !== size) {
          this.broken = 'a block ends with another length than it began with'
          return at
        }
        this.#readBlock(bytes, type, at, at + size - 4)
      }
      at += size
    }
    return at
  }

  #readBlock(bytes: Uint8Array, type: number, at: number, end: number): void {
    if (type === BLOCK.enhancedPacket) this.#readTimed(bytes, at, end, this.#u32(bytes, at + 8))
    else if (type === BLOCK.interface) this.#addInterface(bytes, at, end)
    else if (type === BLOCK.simplePacket) this.#readSimple(bytes, at, end)
    else if (type === BLOCK.oldPacket) this.#readTimed(bytes, at, end, this.#u16(bytes, at + 8))
  }

  #startSection(bytes: Uint8Array, at: number): boolean {
    if (!isOrderMagic(bytes, at + 8)) {
      this.broken = 'a section header has no byte-order mark'
      return false
    }
    this.#littleEndian = bytes[at + 8] === 0x4d
    this.#interfaces = []
    this.#sections++
    return true
  }

  #addInterface(bytes: Uint8Array, at: number, end: number): void {
    if (end - at < 16 || this.#interfaces.length >= MAX_INTERFACES) {
      this.#skip('interface-block-unusable')
      return
    }
    const linkType = this.#u16(bytes, at + 8)
    let resolution = 6
    let offsetSeconds = 0
    for (let option = at + 16; option + 4 <= end; ) {
      const code = this.#u16(bytes, option)
      const length = this.#u16(bytes, option + 2)
      const value = option + 4
      if (code === OPTION.end || value + length > end) break
      if (code === OPTION.timeResolution && length >= 1) resolution = bytes[value]!
      if (code === OPTION.timeOffset && length >= 8) offsetSeconds = this.#i64(bytes, value)
      option = value + ((length + 3) & ~3)
    }
    const readable = readsLinkType(linkType)
    if (!readable) {
      const remark = `Packets of an interface with link type ${nameLinkType(linkType)} were left out: only Ethernet, Wi-Fi, Linux cooked, loopback, PPP and plain IP are read.`
      if (!this.remarks.includes(remark)) this.remarks.push(remark)
    }
    const snapLength = this.#u32(bytes, at + 12) || MAX_FRAME_BYTES
    this.#interfaces.push({ linkType, readable, snapLength, clock: createClock(resolution, offsetSeconds) })
  }

  /** Enhanced and old packet blocks differ only in how they name their interface. */
  #readTimed(bytes: Uint8Array, at: number, end: number, interfaceId: number): void {
    if (end - at < 28) {
      this.#skip('packet-block-too-short')
      return
    }
    this.packets++
    const from = this.#interfaces[interfaceId]
    if (from === undefined) {
      this.#skip('packet-of-unknown-interface')
      return
    }
    if (!from.readable) {
      this.#skip('link-type-not-read')
      return
    }
    const offset = at + 28
    const captured = this.#u32(bytes, at + 20)
    if (captured > end - offset) {
      this.#skip('packet-longer-than-its-block')
      return
    }
    const micros = from.clock(this.#u32(bytes, at + 12), this.#u32(bytes, at + 16))
    if (!Number.isSafeInteger(micros)) {
      this.#skip('time-out-of-range')
      return
    }
    this.#lastMicros = micros
    this.#sink(bytes, offset, offset + captured, micros, this.#u32(bytes, at + 24), from.linkType)
  }

  /** Has no time of its own: it takes that of the packet before it. */
  #readSimple(bytes: Uint8Array, at: number, end: number): void {
    if (end - at < 12) {
      this.#skip('packet-block-too-short')
      return
    }
    this.packets++
    const from = this.#interfaces[0]
    if (from === undefined) {
      this.#skip('packet-of-unknown-interface')
      return
    }
    if (!from.readable) {
      this.#skip('link-type-not-read')
      return
    }
    const wire = this.#u32(bytes, at + 8)
    const captured = Math.min(wire, from.snapLength, end - at - 12)
    this.#sink(bytes, at + 12, at + 12 + captured, this.#lastMicros, wire, from.linkType)
  }

  #skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1)
  }

  #blockType(bytes: Uint8Array, at: number): number {
    return this.#u32(bytes, at) // The section's type reads the same in both orders.
  }

  /** A section header states its byte order after its length, so its length is read with its own order. */
  #blockBytes(bytes: Uint8Array, at: number): number {
    if (this.#blockType(bytes, at) === BLOCK.section && isOrderMagic(bytes, at + 8)) {
      return readU32(bytes, at + 4, bytes[at + 8] === 0x4d)
    }
    return this.#u32(bytes, at + 4)
  }

  #u16(bytes: Uint8Array, at: number): number {
    return this.#littleEndian ? bytes[at]! | (bytes[at + 1]! << 8) : (bytes[at]! << 8) | bytes[at + 1]!
  }

  #u32(bytes: Uint8Array, at: number): number {
    return readU32(bytes, at, this.#littleEndian)
  }

  #i64(bytes: Uint8Array, at: number): number {
    const first = this.#u32(bytes, at)
    const second = this.#u32(bytes, at + 4)
    const high = this.#littleEndian ? second : first
    const low = this.#littleEndian ? first : second
    return (high | 0) * 4294967296 + low
  }
}

function isRead(type: number): boolean {
  return (
    type === BLOCK.enhancedPacket ||
    type === BLOCK.section ||
    type === BLOCK.interface ||
    type === BLOCK.simplePacket ||
    type === BLOCK.oldPacket
  )
}

function isOrderMagic(bytes: Uint8Array, at: number): boolean {
  const magic = readU32(bytes, at, true)
  return magic === 0x1a2b3c4d || magic === 0x4d3c2b1a
}

function readU32(bytes: Uint8Array, at: number, little: boolean): number {
  if (little) return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
