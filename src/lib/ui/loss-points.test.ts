import { expect, it } from 'vitest'
import { bestRound, type LossPoint, thinPoints } from './loss-points.ts'

const point = (round: number, training: number, kept = Number.NaN): LossPoint => ({ round, training, kept })

it('the best round is the best on what was kept back, the earliest of equals', () => {
  expect(bestRound([point(1, 3, 4), point(2, 2, 1), point(3, 1, 2), point(4, 0.5, 1)])?.round).toBe(2)
})

it('where nothing was kept back the training itself counts, and a loss that is no number never wins', () => {
  expect(bestRound([point(1, 3), point(2, Number.NaN), point(3, 2)])?.round).toBe(3)
  expect(bestRound([point(1, Number.NaN)])).toBeUndefined()
  expect(bestRound([])).toBeUndefined()
})

it('a long line is thinned, and keeps its ends and its best round', () => {
  const points = Array.from({ length: 1000 }, (_, i) => point(i + 1, 1, i === 333 ? 0 : 1))
  const thin = thinPoints(points, 50)
  expect(thin.length).toBeLessThanOrEqual(51)
  expect(thin[0]?.round).toBe(1)
  expect(thin.at(-1)?.round).toBe(1000)
  expect(thin.some(({ round }) => round === 334)).toBe(true)
})
