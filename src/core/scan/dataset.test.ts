import { expect, test } from 'vitest'
import { labelledTable } from '../../../tests/labelled-table.ts'
import { bytesSource } from '../base/source.ts'
import { HOST_WINDOW_NAMES } from '../prep/host-windows.ts'
import { type CollectOptions, collectDataset } from './dataset.ts'
import { openInputs } from './open.ts'

const TABLE = labelledTable({ seed: 3, benign: 60, scan: 10, transfer: 5 })
const LABELS = { labelColumn: 'label', benign: 'Benign' }

async function collect(texts: readonly string[], options: CollectOptions = {}) {
  const inputs = []
  for (const [i, text] of texts.entries()) {
    const source = bytesSource(`table-${i}.csv`, new TextEncoder().encode(text))
    inputs.push(...(await openInputs(source, { labelColumn: options.labelColumn, ownNumbers: true })))
  }
  return collectDataset(inputs, options)
}

test('a table becomes rows of numbers with devices and labels, and no address, port or time among the numbers', async () => {
  const data = await collect([TABLE], LABELS)
  expect(data.rows).toBe(75)
  expect(data.classes[0]).toBe('Benign')
  expect([...data.classes].sort()).toEqual(['Benign', 'Scan', 'Transfer'])
  expect(data.labels!.filter((label) => label === 0)).toHaveLength(60)
  expect(new Set(data.devices)).toEqual(new Set(['ip:192.168.1.10', 'ip:192.168.1.11', 'ip:192.168.1.12']))
  expect(data.matrix.values).toHaveLength(75 * data.matrix.features.length)
  expect(data.matrix.features).toEqual(
    expect.arrayContaining(['orig_bytes', 'duration', 'proto=tcp', 'conn_state=S0', 'host_hosts_1min']),
  )
  for (const name of data.matrix.features) expect(name).not.toMatch(/port|addr|\bts\b|id\.|micros/i)
  const scan = data.labels!.indexOf(data.classes.indexOf('Scan'))
  const value = (name: string) =>
    data.matrix.values[scan * data.matrix.features.length + data.matrix.features.indexOf(name)]
  expect([value('conn_state=S0'), value('conn_state=SF'), value('resp_pkts'), value('service=ssl')]).toEqual([
    1, 0, 0, 0,
  ])
})

test('addresses, ports and times may change without changing a number', async () => {
  const changed = TABLE.replaceAll('192.168.1.', '192.168.7.')
    .replaceAll(/,8443,/g, ',9999,')
    .replaceAll(/^17(\d\d)/gm, '16$1')
  expect(changed).not.toBe(TABLE)
  const [one, other] = [await collect([TABLE]), await collect([changed])]
  expect(other.matrix.features).toEqual(one.matrix.features)
  // Subtracting start from end of times in µs since 1970 leaves single-precision noise.
  for (let i = 0; i < one.matrix.values.length; i++) {
    const [value, again] = [one.matrix.values[i]!, other.matrix.values[i]!]
    if (Number.isNaN(value)) expect(again).toBeNaN()
    else expect(Math.abs(again - value) / (1 + Math.abs(value))).toBeLessThan(0.001)
  }
})

test('without a label column there are no labels, and rows of each file stand in time order', async () => {
  const [header, ...rows] = TABLE.trimEnd().split('\n')
  const shuffled = [header, ...rows.toReversed()].join('\n')
  const data = await collect([shuffled, TABLE])
  expect(data.labels).toBeUndefined()
  expect(data.captures).toEqual(['table-0.csv', 'table-1.csv'])
  expect(data.row.slice(0, 2)).toEqual(Float64Array.of(75, 74))
  for (let i = 1; i < data.rows; i++) {
    if (data.capture[i] === data.capture[i - 1])
      expect(data.startMicros[i]).toBeGreaterThanOrEqual(data.startMicros[i - 1]!)
  }
})

test('labels that say they do not know are no class', async () => {
  const data = await collect([TABLE.replace(/Scan$/m, 'Background').replace(/Transfer$/m, '-')], LABELS)
  expect(data.classes).not.toContain('Background')
  expect(data.labels!.filter((label) => label < 0)).toHaveLength(2)
})

test('a misspelt column or value is refused by naming what there is', async () => {
  await expect(collect([TABLE], { labelColumn: 'lable', benign: 'Benign' })).rejects.toThrow(
    /no column "lable".*conn_state, orig_pkts, resp_pkts, label\./,
  )
  await expect(collect([TABLE], { labelColumn: 'label', benign: 'benign traffic' })).rejects.toThrow(
    /No flow is labelled "benign traffic" in the column label; its values are Benign \(60\), Scan \(10\), Transfer \(5\)/,
  )
  await expect(collect([TABLE], { labelColumn: 'orig_bytes', benign: '0' })).rejects.toThrow(
    /a number of the flow itself/,
  )
})

test('only columns that all files have are kept, and what was left out is said', async () => {
  const plain = TABLE.replace('conn_state', 'other')
  const data = await collect([TABLE, plain])
  expect(data.matrix.features).not.toContain('conn_state=S0')
  expect(data.matrix.features).toContain('service=dns')
  expect(data.remarks.join(' ')).toMatch(/13 columns that others have; left out: conn_state=S0/)
})

test('what a device was doing is a column of short captures too', async () => {
  const short = TABLE.split('\n').slice(0, 13).join('\n')
  const data = await collect([TABLE, short])
  expect(data.matrix.features).toEqual(expect.arrayContaining([...HOST_WINDOW_NAMES]))
  expect(data.remarks.join(' ')).not.toMatch(/host_/)
})

test('more flows than fit are left out aloud', async () => {
  const data = await collect([TABLE, TABLE], { maxRows: 90 })
  expect(data.rows).toBe(90)
  expect(data.remarks.join(' ')).toMatch(/Only the first 90 flows were taken/)
})

test('reading stops when it is told to', async () => {
  const signal = AbortSignal.abort()
  await expect(collect([TABLE], { signal })).rejects.toThrow(/abort/i)
})

test('a table of the 78 features gives them all but the port', async () => {
  const { FEATURE_NAMES } = await import('../flow/features.ts')
  const rows = Array.from({ length: 12 }, (_, i) => [...FEATURE_NAMES.map((_, at) => at + i), 'BENIGN'].join(','))
  const data = await collect([[[...FEATURE_NAMES, 'Label'].join(','), ...rows].join('\n')])
  expect(data.matrix.features).toEqual(FEATURE_NAMES.slice(1))
  expect(data.matrix.values[1]).toBe(2)
})
