import { expect, it } from 'vitest'
import { killRelay } from './relay-kill.ts'

/** `npm run relay:kill -- 300` for many. */
it('loses nothing that it acknowledged when it is killed under load, six times', async () => {
  const { flaws, acknowledged, verdicts } = await killRelay({ kills: 6, seed: 5 })
  expect(flaws).toEqual([])
  expect(acknowledged.records).toBeGreaterThan(6 * 40)
  expect(Math.min(acknowledged.changes, acknowledged.notes, verdicts)).toBeGreaterThan(0)
}, 120_000)
