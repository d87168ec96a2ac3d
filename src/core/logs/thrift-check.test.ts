import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { endOfThrift } from './thrift-check.ts'

it('ends where the directory of a good Parquet file ends', () => {
  const bytes = new Uint8Array(
    readFileSync(new URL('../../../tests/golden/tables/four-snappy.parquet', import.meta.url)),
  )
  const length = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8).getUint32(0, true)
  expect(endOfThrift(bytes, bytes.length - 8 - length)).toBe(bytes.length - 8)
})

it.each([
  ['a list longer than the bytes', [0x19, 0xfc, 0xff, 0xff, 0xff, 0x0f, 0]],
  ['a text longer than the bytes', [0x18, 0x7f, 65, 0]],
  ['a number without end', [0x15, ...new Array(40).fill(0x80), 0]],
  ['structures without end', new Array(100).fill(0x1c)],
  ['no stop', [0x15, 2]],
  ['a type that is none', [0x1d, 0]],
])('refuses %s', (_, bytes) => {
  expect(endOfThrift(Uint8Array.from(bytes), 0)).toBe(-1)
})

it('skips what it need not know', () => {
  expect(
    endOfThrift(
      Uint8Array.of(
        0x11,
        0x12,
        0x13,
        9,
        0x15,
        0x80,
        1,
        0x17,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        0x18,
        1,
        65,
        0x19,
        0x21,
        1,
        0,
        0x1c,
        0,
        0,
      ),
      0,
    ),
  ).toBe(26)
})
