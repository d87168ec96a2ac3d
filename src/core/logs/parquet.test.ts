import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readTable } from './fixture.ts'

/** Written by DuckDB; what is in them stands in tests/golden/tables/README.md. */
const golden = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../tests/golden/tables/${name}.parquet`, import.meta.url)))

describe('tables as Parquet', () => {
  it.each(['four-snappy', 'four-gzip', 'four-uncompressed'])('%s gives all rows', async (name) => {
    const { kind, flows, skipped } = await readTable(golden(name))
    expect(kind).toBe('flow-csv')
    expect(skipped).toEqual({})
    expect(flows).toHaveLength(40)
    for (const [i, flow] of flows.entries()) {
      expect(flow).toMatchObject({
        row: i + 1,
        start: 1_545_403_816_500_000 + 250_000 * i,
        orig: `192.168.1.${i % 3}`,
        counts: [i % 7, i % 5, (13 * i) % 1000, (17 * i) % 3000],
        protocol: i % 2 ? 17 : 6,
        label: i % 9 ? 'Benign' : 'Attack',
      })
    }
  })

  it('takes timestamps to the microsecond', async () => {
    const { flows } = await readTable(golden('four-timestamp'))
    const starts = flows.map(({ start }) => start).sort((a, b) => a - b)
    expect(starts.slice(0, 3)).toEqual([1_545_403_816_500_000, 1_545_403_816_750_000, 1_545_403_817_000_000])
  })

  it('names a packing that is not read here', async () => {
    await expect(readTable(golden('four-zstd'))).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(/packed by ZSTD/),
    })
  })

  it('refuses every truncation in a sentence', async () => {
    const bytes = golden('four-snappy')
    for (let length = 4; length < bytes.length; length += 7) {
      await expect(readTable(bytes.slice(0, length))).rejects.toMatchObject({ name: 'InputError' })
    }
  })

  it('answers a directory that is one number without end at once', async () => {
    const bytes = new Uint8Array(1 << 20).fill(0x80)
    bytes.set([0x50, 0x41, 0x52, 0x31, 0x16])
    new DataView(bytes.buffer).setUint32(bytes.length - 8, bytes.length - 12, true)
    bytes.set([0x50, 0x41, 0x52, 0x31], bytes.length - 4)
    await expect(readTable(bytes)).rejects.toMatchObject({ name: 'InputError' })
  })

  it('answers a run that repeats past its page at once', async () => {
    const bytes = golden('four-uncompressed')
    // The levels of the first column: two bytes, a run of 40 ones (0x50 = 40 << 1).
    const at = bytes.findIndex((byte, i) => byte === 2 && bytes[i + 4] === 0x50 && bytes[i + 5] === 1)
    bytes.set([0xfe, 0xff, 0xff, 0xff, 0x0f], at + 4)
    await expect(readTable(bytes)).rejects.toThrow(/a page whose size cannot be right/)
  })
})
