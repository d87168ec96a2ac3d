import { expect, it } from 'vitest'
import { fuzzCapture } from './capture-fuzz.ts'

it('survives 300,000 mutated captures with nothing but typed refusals', { timeout: 120_000 }, () => {
  const { runs, typedErrors, packets } = fuzzCapture(300_000, 20_261)
  expect(runs).toBe(300_000)
  expect(typedErrors).toBeLessThan(runs / 2)
  expect(packets).toBeGreaterThan(runs)
})
