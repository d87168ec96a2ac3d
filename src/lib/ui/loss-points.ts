/** How well a model does after each round of training: what LossChart draws. */
export interface LossPoint {
  /** Rounds done, from 1. */
  readonly round: number
  readonly training: number
  /** On what it does not learn from; NaN where nothing was kept back. */
  readonly kept: number
}

/** The round after which what was kept back did best; undefined before there is one. */
export function bestRound(points: readonly LossPoint[]): LossPoint | undefined {
  let best: LossPoint | undefined
  for (const point of points) {
    const value = lossOf(point)
    if (Number.isFinite(value) && !(best && lossOf(best) <= value)) best = point
  }
  return best
}

/** What counts: what was kept back, or the training itself where nothing was. */
export function lossOf({ training, kept }: LossPoint): number {
  return Number.isNaN(kept) ? training : kept
}

/** At most `count` points for a line: the first, the last, and some between; the best is among them. */
export function thinPoints(points: readonly LossPoint[], count: number): readonly LossPoint[] {
  if (points.length <= count) return points
  const best = bestRound(points)
  const every = (points.length - 1) / (count - 1)
  const places = new Set(Array.from({ length: count }, (_, i) => Math.round(i * every)))
  return points.filter((point, place) => places.has(place) || point === best)
}
