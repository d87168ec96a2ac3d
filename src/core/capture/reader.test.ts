import { describe, expect, it } from 'vitest'
import {
  type Block,
  enhancedBlock,
  type Frame,
  type InterfaceOptions,
  interfaceBlock,
  type PcapOptions,
  pcap,
  pcapngSection,
  u32,
  udp,
} from '../../../tests/capture-writer.ts'
import { InputError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { CaptureReader } from './reader.ts'

const MICROS = 1_700_000_000_123_456

interface Seen {
  readonly micros: number
  readonly wire: number
  readonly linkType: number
  readonly bytes: readonly number[]
}

function read(capture: Uint8Array, chunkBytes = capture.length) {
  const frames: Seen[] = []
  const reader = new CaptureReader((bytes, offset, end, micros, wire, linkType) => {
    frames.push({ micros, wire, linkType, bytes: [...bytes.subarray(offset, end)] })
  })
  for (let at = 0; at < capture.length; at += Math.max(1, chunkBytes)) {
    // A copy that is overwritten afterwards, as a reader with one buffer would.
    const chunk = capture.slice(at, at + chunkBytes)
    reader.push(chunk)
    chunk.fill(0xee)
  }
  return { frames, remarks: reader.finish(), reader }
}

const frames: readonly Frame[] = [3, 0, 700, 1].map((payload, index) =>
  udp({ micros: MICROS + index * 1_000_001, from: '10.0.0.1:5', to: '10.0.0.2:6', payload }),
)
const seen = frames.map(({ micros, bytes }) => ({ micros, wire: bytes.length, linkType: 1, bytes: [...bytes] }))
const section = (blocks: readonly Block[], bigEndian = false) => pcapngSection(blocks, bigEndian)
const packets = (perMicro = 1n) =>
  frames.map((frame) => enhancedBlock(frame, { ticks: BigInt(frame.micros) * perMicro }))
const ng = section([interfaceBlock(1), ...packets()])

describe('pcap', () => {
  const variants: readonly PcapOptions[] = [
    {},
    { bigEndian: true },
    { nanos: true },
    { nanos: true, bigEndian: true },
    { modified: true },
  ]
  it.each(variants)('reads the variant %o, nanoseconds cut to µs', (options) => {
    expect(read(pcap(frames, options)).frames).toEqual(seen)
  })

  it('keeps the length on the wire of a packet that was cut', () => {
    const cut = { micros: MICROS, bytes: frames[2]!.bytes.slice(0, 96), wire: 742 }
    expect(read(pcap([cut])).frames[0]).toMatchObject({ wire: 742, bytes: { length: 96 } })
  })

  it('stops at a record longer than any can be, keeps what came before and says where', () => {
    const broken = pcap(frames)
    const secondRecord = 24 + 16 + frames[0]!.bytes.length
    broken.set(u32(300_000).reverse(), secondRecord + 8)
    const result = read(broken)
    expect(result.frames).toEqual(seen.slice(0, 1))
    expect(result.remarks).toEqual([
      `The capture is damaged at byte ${secondRecord}, after 1 packets: a record claims 300000 bytes, more than the 262144 a capture may hold. What came before was used.`,
    ])
  })

  it('names a link type that it does not read', () => {
    expect(() => read(pcap(frames, { linkType: 189 }))).toThrow(/189 \(Linux USB\); expected Ethernet/)
  })
})

describe('pcapng', () => {
  const clocks: readonly (readonly [string, InterfaceOptions, bigint, bigint])[] = [
    ['µs by default', {}, 1n, 1n],
    ['nanoseconds', { resolution: 9 }, 1000n, 1n],
    ['picoseconds', { resolution: 12 }, 1_000_000n, 1n],
    ['2^-20 s', { resolution: 0x80 | 20 }, 1n << 20n, 1_000_000n],
    ['2^-34 s', { resolution: 0x80 | 34 }, 1n << 34n, 1_000_000n],
  ]
  it.each(clocks)('reads a clock of %s', (_name, options, times, by) => {
    const early = 1_000_000_123_456n // 64 bits of the finest clock reach 213 days.
    const blocks = frames.slice(0, 1).map((frame) => enhancedBlock(frame, { ticks: (early * times) / by }))
    const { frames: out } = read(section([interfaceBlock(1, options), ...blocks]))
    expect(Math.abs(out[0]!.micros - Number(early))).toBeLessThanOrEqual(1)
  })

  it('adds the offset of an interface, and reads milliseconds', () => {
    const blocks = [
      interfaceBlock(1, { resolution: 3, offsetSeconds: 1_700_000_000 }),
      enhancedBlock(frames[0]!, { ticks: 250n }),
    ]
    expect(read(section(blocks)).frames[0]!.micros).toBe(1_700_000_000_250_000)
  })

  it('reads several interfaces, sections and byte orders in one file', () => {
    const first = section([
      interfaceBlock(1),
      interfaceBlock(101),
      enhancedBlock(frames[1]!, { ticks: 7n, interfaceId: 1 }),
    ])
    const big = { ticks: BigInt(frames[0]!.micros), bigEndian: true }
    const second = section([interfaceBlock(1, { bigEndian: true }), enhancedBlock(frames[0]!, big)], true)
    const { frames: out } = read(Uint8Array.from([...first, ...second]))
    expect(out.map(({ linkType, micros }) => [linkType, micros])).toEqual([
      [101, 7],
      [1, MICROS],
    ])
  })

  it('gives simple packets the time of the packet before, and reads the old packet block', () => {
    const simple = { type: 3, body: [...u32(frames[1]!.bytes.length).reverse(), ...frames[1]!.bytes] }
    const { body } = enhancedBlock(frames[2]!, { ticks: BigInt(frames[2]!.micros) })
    const { frames: out } = read(section([interfaceBlock(1), packets()[0]!, simple, { type: 2, body }]))
    expect(out).toEqual([seen[0], { ...seen[1], micros: seen[0]!.micros }, seen[2]])
  })

  it('leaves out interfaces that it does not read, with a remark', () => {
    const usb = enhancedBlock(frames[0]!, { ticks: 1n, interfaceId: 1 })
    const { frames: out, remarks, reader } = read(section([interfaceBlock(1), interfaceBlock(189), usb, packets()[1]!]))
    expect(out).toEqual([seen[1]])
    expect(remarks[0]).toContain('189 (Linux USB)')
    expect(reader.skipped.get('link-type-not-read')).toBe(1)
  })

  it('passes over blocks that it does not know, however long, without keeping them', () => {
    const long = { type: 0x0bad, body: new Array<number>(3_000_000).fill(1) }
    expect(read(section([interfaceBlock(1), long, ...packets()]), 4096).frames).toEqual(seen)
  })

  it.each([8, 13, 2 ** 30])('stops at a block that claims %i bytes', (size) => {
    const broken = ng.slice()
    broken.set(u32(size).reverse(), 52 + 4)
    const { frames: out, remarks } = read(broken)
    expect(out).toEqual([])
    expect(remarks[0]).toMatch(/^The capture is damaged at byte 52, after 0 packets: a block claims/)
  })
})

describe.each([
  ['pcap', pcap(frames)],
  ['pcapng', ng],
])('any %s', (_kind, capture) => {
  it.each([1, 2, 7, 100, 4096])('gives the same in chunks of %i bytes', (chunkBytes) => {
    expect(read(capture, chunkBytes)).toMatchObject({ frames: seen, remarks: [] })
  })

  it('gives all whole packets and says where it breaks off, wherever it is cut', () => {
    for (let length = 0; length < capture.length; length++) {
      const cut = capture.subarray(0, length)
      if (length < 12) {
        expect(() => read(cut)).toThrow(InputError)
        continue
      }
      for (const chunkBytes of [length, 5]) {
        const { frames: out, remarks, reader } = read(cut, chunkBytes)
        expect(out).toEqual(seen.slice(0, out.length))
        if (reader.offset < length) expect(remarks.join()).toContain(`breaks off at byte ${reader.offset}`)
      }
    }
  })

  it('survives any changed bit', () => {
    for (let bit = 0; bit < Math.min(capture.length, 400) * 8; bit++) {
      const changed = capture.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      try {
        read(changed, 33)
      } catch (error) {
        expect(error).toBeInstanceOf(InputError)
      }
    }
  })
})

describe('what is no capture', () => {
  it('refuses random bytes, an empty file and other formats by name', () => {
    const random = createRandom(1)
    expect(() => read(Uint8Array.from({ length: 500 }, () => random.int(256)))).toThrow(/neither pcap nor pcapng/)
    expect(() => read(new Uint8Array(0))).toThrow('This file is empty')
    expect(() => read(Uint8Array.from([...'snoop\0\0\0\0\0\0\x02'].map((c) => c.charCodeAt(0))))).toThrow(
      /Solaris snoop/,
    )
  })
})
