import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { packOuiTable, parseOuiTable, shortVendor } from './vendor.ts'

const registry: Record<string, string> = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('oui-data'), 'utf8'),
)
const table = packOuiTable(registry)
const vendorOf = parseOuiTable(table)

it('finds every prefix of the registry by an address of its own', () => {
  const taken = new Set(Object.keys(registry))
  for (const [prefix, text] of Object.entries(registry)) {
    // The last address of a block is seldom given to a smaller block.
    const hex = prefix.padEnd(12, 'F')
    if (prefix.length < 9 && (taken.has(hex.slice(0, 9)) || (prefix.length < 7 && taken.has(hex.slice(0, 7))))) continue
    const mac = hex.match(/../gu)!.join(':').toLowerCase()
    expect(`${mac} ${vendorOf(mac) ?? ''}`).toBe(`${mac} ${shortVendor(text.split('\n', 1)[0]!)}`)
  }
})

it('prefers the smaller block and knows nobody for the rest', () => {
  const small = parseOuiTable(
    packOuiTable({ '001BC5': 'IEEE Registration Authority', '001BC5073': 'tado GmbH\nMunich', '0050C2': 'Big Corp.' }),
  )
  expect(small('00:1b:c5:07:3a:bc')).toBe('tado')
  expect(small('00:1b:c5:08:00:00')).toBeUndefined()
  expect(small('00:50:c2:08:00:00')).toBe('Big')
  expect(small('da:a1:19:00:00:01')).toBeUndefined()
  expect(small('nonsense')).toBeUndefined()
})

it('stays small enough to load with a page', () => {
  expect(gzipSync(table, { level: 9 }).length).toBeLessThan(400_000)
})

it('refuses bytes that are no table, or cut short', () => {
  expect(() => parseOuiTable(new Uint8Array(8))).toThrow(/maker table/u)
  for (const length of [0, 4, 7, 100, table.length >> 1, table.length - 1]) {
    expect(() => parseOuiTable(table.subarray(0, length))).toThrow(/maker table/u)
  }
})

it('refuses a damaged table instead of asking for the memory it claims', () => {
  const damaged = table.slice()
  const at = 8 + new DataView(table.buffer).getUint32(4, true)
  damaged.fill(255, at, at + 4)
  expect(() => parseOuiTable(damaged)).toThrow(/claims 4294967295 prefixes/u)
})

it.each([
  ['TP-LINK TECHNOLOGIES CO.,LTD.', 'TP-Link'],
  ['Samsung Electronics Co.,Ltd', 'Samsung'],
  ['LG Electronics (Mobile Communications)', 'LG'],
  ['David Electronics Co., LTD.', 'David Electronics'],
  ['AVM Audiovisuelles Marketing und Computersysteme GmbH', 'AVM'],
  ['FRS GmbH & Co. KG', 'FRS'],
  ['Intelbras', 'Intelbras'],
  ['Private', ''],
])('calls %s %s', (full, short) => {
  expect(shortVendor(full)).toBe(short)
})
