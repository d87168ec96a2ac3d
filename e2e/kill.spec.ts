import { expect, test } from 'vitest'
import { killTest } from './kill.ts'

test('three kills during a scan lose no case that was acknowledged', { timeout: 180_000 }, async () => {
  const report = await killTest({ kills: 3, seed: 5, say: () => undefined })
  expect(report.lost).toEqual([])
  expect(report.killsWithCases).toBeGreaterThan(0)
})
