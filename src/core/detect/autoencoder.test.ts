import { expect, test } from 'vitest'
import { SAMPLE_MANIFEST } from '../model/fixture.ts'
import type { WindowBatch } from '../prep/windows.ts'
import { createAutoencoder } from './autoencoder.ts'
import type { Network } from './network.ts'
import { DeviceTypical } from './typical.ts'

/** Two windows of a model with one number input and one category of two. */
const BATCH: WindowBatch = {
  length: 2,
  windows: new Float32Array(2 * 10 * 3),
  device: Int32Array.of(0, 1),
  firstRow: Float64Array.of(2, 14),
  lastRow: Float64Array.of(11, 23),
  startMicros: Float64Array.of(100, 200),
  endMicros: Float64Array.of(150, 260),
  meanCounts: Float64Array.of(5, 0, 0, 0, 80, 0, 0, 0),
}

function network(errors: readonly number[]): Network {
  return {
    engine: 'plain',
    batchRows: 2,
    reconstructionErrors: async () => Float32Array.from(errors),
    dispose: async () => {},
  }
}

const context = { deviceId: (device: number) => `device-${device}`, typical: new DeviceTypical() }

test('the score is the mean of the errors, and the shares of the inputs sum to 1', async () => {
  const detector = createAutoencoder(SAMPLE_MANIFEST, network([3, 2, 1, 0, 0, 0]), 1)
  const { scores, shares } = await detector.score(BATCH)
  expect(Array.from(scores)).toEqual([2, 0])
  expect(Array.from(shares)).toEqual([0.5, 0.5, 0, 0])
})

test('windows above the threshold become findings with device, rows, time, severity and reasons', async () => {
  const detector = createAutoencoder(SAMPLE_MANIFEST, network([0.3, 0.3, 0.3, 4, 0.25, 0.25]), 1)
  const [finding, ...rest] = detector.findings(await detector.score(BATCH), context)
  expect(rest).toEqual([])
  expect(finding).toMatchObject({
    detector: 'model',
    device: 'device-1',
    rows: [14, 23],
    startMicros: 200,
    endMicros: 260,
    score: 1.5,
    threshold: 1,
    severity: 'medium',
  })
  expect(finding!.reasons.map(({ feature }) => feature)).toEqual(['orig_pkts', 'proto'])
  expect(finding!.reasons[0]).toMatchObject({ value: 80, typical: 3 })
  expect(finding!.reasons.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6)
})

test.each([
  ['too few numbers', [1, 2, 3]],
  ['a score that is not a number', [Number.NaN, 0, 0, 0, 0, 0]],
])('%s from the network is a ModelError, not a quiet window', async (_, errors) => {
  const detector = createAutoencoder(SAMPLE_MANIFEST, network(errors), 1)
  await expect(detector.score(BATCH)).rejects.toMatchObject({ name: 'ModelError' })
})
