import { expect, test } from 'vitest'
import { realiseRates } from './realised.ts'

/** 300 rows of a device that keeps 1 %, 300 of one with four alarms, 50 of one that is too quiet to tell. */
const device = Int32Array.from({ length: 650 }, (_, row) => (row < 300 ? 0 : row < 600 ? 1 : 2))
const scores = Float64Array.from({ length: 650 }, (_, row) => (row < 3 || (row >= 300 && row < 304) ? 10 : 0))
const data = { device, devices: ['lamp', 'camera', 'kettle', 'never seen'] }

test('the share of devices within 1.3 times of the promise, quiet ones apart', () => {
  const found = realiseRates(data, scores, { thresholdOf: () => 5, promised: 0.01 })
  expect(found.devices).toEqual([
    { device: 'lamp', rows: 300, alarms: 3, rate: 0.01, withinPromise: true },
    { device: 'camera', rows: 300, alarms: 4, rate: 4 / 300, withinPromise: false },
  ])
  expect(found).toMatchObject({ tooQuiet: 1, shareWithin: 0.5, rate: 7 / 600 })
})

test('each device has its own line; what is not judged is neither row nor alarm', () => {
  const own = realiseRates(data, scores, { thresholdOf: (at) => (at === 1 ? 20 : 5), promised: 0.01 })
  expect(own.shareWithin).toBe(1)
  const abstained = scores.map((score, row) => (row < 300 ? Number.NaN : score))
  expect(realiseRates(data, abstained, { thresholdOf: () => 5, promised: 0.01 }).devices.map((d) => d.device)).toEqual([
    'camera',
  ])
  expect(
    realiseRates({ device: device.fill(-1), devices: [] }, scores, { thresholdOf: () => 5, promised: 0.01 }),
  ).toMatchObject({ devices: [], shareWithin: Number.NaN })
})
