import { snappyUncompress } from 'hyparquet/src/snappy.js'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import { unpackSnappy } from './snappy.ts'

describe('unpackSnappy', () => {
  it('unpacks literals and copies that reach into themselves', () => {
    // "abcabcabcab": a literal of 3, a copy of 8 bytes from 3 back
    const packed = Uint8Array.of(11, 2 << 2, 97, 98, 99, ((8 - 4) << 2) | 1, 3)
    expect(new TextDecoder().decode(unpackSnappy(packed, 11))).toBe('abcabcabcab')
  })

  it("gives what hyparquet's decoder gives wherever both accept the data", () => {
    const random = createRandom(3)
    let both = 0
    for (let i = 0; i < 20_000; i++) {
      const length = 1 + random.int(40)
      const packed = Uint8Array.from({ length: 2 + random.int(12) }, (_, at) =>
        at === 0 ? length : random.int(random.int(2) ? 256 : 24),
      )
      let ours: Uint8Array
      try {
        ours = unpackSnappy(packed, length)
      } catch {
        continue
      }
      const theirs = new Uint8Array(length)
      snappyUncompress(packed, theirs)
      expect(ours).toEqual(theirs)
      both++
    }
    expect(both).toBeGreaterThanOrEqual(10)
  })

  it('refuses lengths past the end at once', () => {
    for (const packed of [
      [5, 63 << 2, 255, 255, 255, 255, 1],
      [5, (60 << 2) | 3, 9, 0, 0, 0],
      [5, 4 << 2, 1],
      [3, 0, 1],
    ]) {
      expect(() => unpackSnappy(Uint8Array.from(packed), packed[0]!)).toThrow(/snappy/)
    }
  })
})
