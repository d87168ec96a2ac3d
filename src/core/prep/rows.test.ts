import { expect, test } from 'vitest'
import type { FlowBatch } from '../flow/batch.ts'
import { sampleBatch } from './fixture.ts'
import { hashAddress, prepareRows } from './rows.ts'

const model = {
  inputs: [{ column: 'resp_pkts', kind: 'number', transform: 'none' }],
  scaler: { mean: [1], deviation: [2] },
} as const

const prepare = (batch: FlowBatch, device = 0) =>
  prepareRows(
    {
      batch,
      device: new Int32Array(batch.length).fill(device),
      outward: new Uint8Array(batch.length).fill(1),
    },
    model,
  )

test('the same responder has the same hash in every batch, an unknown one has 0', () => {
  const first = {
    ...sampleBatch(new Array(8).fill(1)),
    addresses: ['10.0.0.1', '10.0.0.2'],
    respAddress: Int32Array.of(1, -1),
  }
  const second = { ...sampleBatch(new Array(8).fill(1)), addresses: ['10.0.0.2'], respAddress: Int32Array.of(0, 0) }
  expect(Array.from(prepare(first).peer)).toEqual([hashAddress('10.0.0.2'), 0])
  expect(Array.from(prepare(second).peer)).toEqual([hashAddress('10.0.0.2'), hashAddress('10.0.0.2')])
})

test('a flow that the device only answers reaches out to nobody', () => {
  const batch = { ...sampleBatch(new Array(4).fill(1)), addresses: ['10.0.0.1'], respAddress: Int32Array.of(0) }
  expect(prepareRows({ batch, device: new Int32Array(1), outward: Uint8Array.of(0) }, model).peer[0]).toBe(0)
})

test('rows carry the scaled inputs beside the counts as read', () => {
  const rows = prepare(sampleBatch([0, 7, 3, 4]), 5)
  expect([rows.scaled[0], rows.device[0], rows.row[0], rows.width]).toEqual([3, 5, 1, 1])
  expect(Array.from(rows.counts)).toEqual([0, 7, 3, 4])
})

test('a /16 of addresses has no two equal hashes', () => {
  const seen = new Set<number>()
  for (let i = 0; i < 65_536; i++) seen.add(hashAddress(`10.7.${i >> 8}.${i & 255}`))
  expect(seen.size).toBe(65_536)
})

test('addresses, ports, times, protocol and labels change nothing that a model is given', () => {
  const plain = sampleBatch([1, 2, 3, 4, 5, 6, 7, 8])
  const leaky = {
    ...plain,
    startMicros: Float64Array.of(1e15, 2e15),
    endMicros: Float64Array.of(1e15, 3e15),
    addresses: ['198.51.100.7'],
    origAddress: Int32Array.of(0, -1),
    respAddress: Int32Array.of(-1, 0),
    origPort: Int32Array.of(666, 1),
    respPort: Int32Array.of(23, 2),
    protocol: Int16Array.of(6, 17),
    labels: ['attack'],
    label: Int32Array.of(0, -1),
    categories: [{ name: 'ttl', values: ['attack'], code: Int32Array.of(0, -1) }],
  }
  expect(prepare(leaky).scaled).toEqual(prepare(plain).scaled)
})
