import { expect, test } from 'vitest'
import { bytesSource } from '../base/source.ts'
import type { FlowBatch } from '../flow/batch.ts'
import { openTable } from './table.ts'
import type { TableOptions } from './table-options.ts'

async function read(text: string, options: TableOptions): Promise<FlowBatch> {
  const input = await openTable(bytesSource('table', new TextEncoder().encode(text)), undefined, options)
  for await (const { flows } of input.steps()) if (flows[0]) return flows[0]
  throw new Error('no flows')
}

const labelsOf = (batch: FlowBatch) => batch.labels

const UNSW_HEADER =
  'id,dur,proto,state,spkts,dpkts,sbytes,dbytes,sttl,sload,stcpb,ct_srv_src,ct_state_ttl,attack_cat,label'
const UNSW = [
  UNSW_HEADER,
  ...Array.from(
    { length: 12 },
    (_, i) => `${i},0.5,udp,INT,2,0,496,0,254,${i},77,3,2,${i % 2 ? 'DoS' : 'Normal'},${i % 2}`,
  ),
].join('\n')

test('the label comes from the column that is named, whatever the table has beside it', async () => {
  expect(labelsOf(await read(UNSW, { labelColumn: 'label' }))).toEqual(['0', '1'])
  expect(labelsOf(await read(UNSW, { labelColumn: 'attack_cat' }))).toEqual(['Normal', 'DoS'])
})

test('UNSW-NB15 gives its own numbers where they are asked for, but nothing with a TTL and no sequence number', async () => {
  expect((await read(UNSW, {})).numbers).toBeUndefined()
  const { numbers } = await read(UNSW, { ownNumbers: true })
  expect(numbers?.names).toEqual(['dur', 'sload', 'ct_srv_src'])
  expect([...numbers!.values.subarray(3, 6)]).toEqual([0.5, 1, 3])
})

test('a number of its own that is missing is no reason to leave the row out', async () => {
  const { numbers, length } = await read(UNSW.replace(',254,0,', ',254,-,'), { ownNumbers: true })
  expect(length).toBe(12)
  expect(numbers!.values[1]).toBeNaN()
})

test("IoT-23's packed columns are told apart", async () => {
  const fields = [
    'ts',
    'proto',
    'conn_state',
    'orig_pkts',
    'resp_pkts',
    'orig_bytes',
    'resp_bytes',
    'tunnel_parents   label   detailed-label',
  ]
  const rows = Array.from(
    { length: 12 },
    (_, i) => `${1e9 + i}\ttcp\tSF\t1\t1\t10\t10\t-   ${i % 2 ? 'Malicious   C&C' : 'Benign   -'}`,
  )
  const log = ['#separator \\x09', '#path\tconn', `#fields\t${fields.join('\t')}`, ...rows].join('\n')
  expect(labelsOf(await read(log, { labelColumn: 'label' }))).toEqual(['Benign', 'Malicious'])
  expect(labelsOf(await read(log, { labelColumn: 'detailed-label' }))).toEqual(['-', 'C&C'])
  await expect(read(log, { labelColumn: 'labels' })).rejects.toThrow(
    /no column "labels".*tunnel_parents, label, detailed-label\./,
  )
})

test('JSON lines are labelled by a column too', async () => {
  const lines = Array.from({ length: 12 }, (_, i) =>
    JSON.stringify({ orig_pkts: 1, resp_pkts: 1, orig_bytes: 9, resp_bytes: 9, what: i % 2 ? 'bad' : 'good' }),
  )
  expect(labelsOf(await read(lines.join('\n'), { labelColumn: 'what' }))).toEqual(['good', 'bad'])
})
