import { expect, it } from 'vitest'
import { makeTable, type TableOptions } from './make-table.ts'

async function tableOf(options: TableOptions): Promise<string> {
  let text = ''
  for await (const piece of makeTable(options)) text += piece
  return text
}

it('writes the asked number of rows with their planted runs, the same from the same seed', async () => {
  const options = { rows: 20_000, seed: 3, anomalies: 4 }
  const text = await tableOf(options)
  const [header, ...rows] = text.trimEnd().split('\n')
  expect(header).toBe('ts,orig_pkts,resp_pkts,orig_bytes,resp_bytes,label')
  expect(rows).toHaveLength(20_000)
  expect(rows.filter((row) => !row.endsWith(',benign'))).toHaveLength(4 * 16)
  expect(rows.every((row) => /^\d+\.\d{6}(?:,\d+){4},[a-z]+$/u.test(row))).toBe(true)
  const times = rows.map((row) => Number.parseFloat(row))
  expect(times.every((time, i) => i === 0 || time >= times[i - 1]!)).toBe(true)
  expect(await tableOf(options)).toBe(text)
})

it('writes a table too short for a run without one', async () => {
  expect((await tableOf({ rows: 11, seed: 1, anomalies: 3 })).trimEnd().split('\n')).toHaveLength(12)
})
