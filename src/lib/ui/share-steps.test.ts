import { expect, test } from 'vitest'
import type { Explanation } from '#core/detect/detector.ts'
import { shareSteps } from './share-steps.ts'

const explanation: Explanation = {
  scale: 'made up',
  score: 6,
  base: 1,
  contributions: [
    { feature: 'orig_pkts', value: 4, typical: 4, share: 0.25 },
    { feature: 'orig_bytes', value: 12e6, typical: 3000, share: 7 },
    { feature: 'resp_bytes', value: Number.NaN, typical: 900, share: -2.5 },
    { feature: 'resp_pkts', value: 4, typical: 4, share: 0.25 },
  ],
}

test('steps follow each other from the base to the score, the heaviest first, the rest as one', () => {
  const { steps, line } = shareSteps(explanation, 3, 3)
  expect(steps.map(({ name, share }) => [name, share])).toEqual([
    ['Amount of data sent', 7],
    ['Amount of data received', -2.5],
    ['2 other numbers', 0.5],
  ])
  // From 1 to 8, back to 5.5, on to 6.
  expect(steps.map(({ from, to }) => [from * 7, to * 7])).toEqual([
    [0, 7],
    [7, 4.5],
    [4.5, 5],
  ])
  expect(line! * 7).toBeCloseTo(2, 9)
  expect(steps[0]).toMatchObject({ actual: '12.0 MB', usual: '3.0 kB' })
  expect(steps[1]).toMatchObject({ actual: 'not known' })
})

test('a line beyond the score widens the picture, and nothing breaks without any change', () => {
  expect(shareSteps(explanation, 15, 9).line).toBe(1)
  const flat = {
    ...explanation,
    score: 1,
    contributions: explanation.contributions.map((one) => ({ ...one, share: 0 })),
  }
  expect(shareSteps(flat, undefined, 9).steps.every(({ from, to }) => from === 0 && to === 0)).toBe(true)
})
