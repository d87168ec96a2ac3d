import { describe, expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { FeatureMatrix } from './detector.ts'
import { fitScope, judgeScope, loadScope, saveScope, scopeRemark } from './scope.ts'

const FEATURES = ['bytes', 'packets', 'seconds', 'constant']

/** `busy` of the flows are of one kind, the rest of another; `moved` shifts one feature. */
function traffic(rows: number, { seed = 1, busy = 0.5, moved = 0 } = {}): FeatureMatrix {
  const random = createRandom(seed)
  const values = new Float32Array(rows * FEATURES.length)
  for (let row = 0; row < rows; row++) {
    const big = random.next() < busy
    values.set(
      [(big ? 1000 : 100) + 20 * random.normal() + moved, big ? 10 : 2 + random.int(3), random.next(), 1],
      row * FEATURES.length,
    )
  }
  return { features: FEATURES, rows, values }
}

describe('the scope of a model', () => {
  const scope = fitScope(traffic(4000))

  it('knows more of the same, and says so in no remark', () => {
    const verdict = judgeScope(scope, traffic(5000, { seed: 2 }))
    expect(verdict).toMatchObject({ blocks: 50, isForeign: false })
    expect(verdict.outside).toBeLessThanOrEqual(2)
    expect(scopeRemark(verdict)).toBeUndefined()
  })

  it('knows another mix for foreign', () => {
    const verdict = judgeScope(scope, traffic(5000, { seed: 3, busy: 0 }))
    expect(verdict).toMatchObject({ isForeign: true, outside: 50 })
    expect(scopeRemark(verdict)).toMatch(/^This is not the kind of traffic that the model knows: 100 %.*packets/)
  })

  it('knows what lies outside everything seen, though it is one number in four', () => {
    expect(judgeScope(scope, traffic(1000, { seed: 4, moved: 5000 }))).toMatchObject({ isForeign: true, novelty: 0.25 })
  })

  it('tells a number that is suddenly missing, or was never there', () => {
    const data = traffic(1000, { seed: 5 })
    for (let row = 0; row < data.rows; row++) data.values.fill(Number.NaN, row * 4, row * 4 + 3)
    expect(judgeScope(scope, data).isForeign).toBe(true)
    const without = fitScope(data)
    expect(judgeScope(without, data).isForeign).toBe(false)
    expect(judgeScope(without, traffic(1000, { seed: 6 })).isForeign).toBe(true)
  })

  it('does not call a home foreign to itself for habits that change by the hour', () => {
    const day = (seed: number) => {
      const parts = Array.from({ length: 16 }, (_, i) =>
        traffic(400, { seed: seed + i, busy: i % 2 === 0 ? 0.2 : 0.8 }),
      )
      const values = new Float32Array(parts.flatMap((part) => Array.from(part.values)))
      return { features: FEATURES, rows: 6400, values }
    }
    const verdict = judgeScope(fitScope(day(100)), day(200))
    expect(verdict.outside / verdict.blocks).toBeLessThanOrEqual(0.05)
  })

  it('says nothing of fewer flows than a block, and learns nothing from too few', () => {
    expect(judgeScope(scope, traffic(50, { busy: 0 }))).toMatchObject({ blocks: 0, isForeign: false })
    expect(() => fitScope(traffic(79))).toThrow(/79 flows are too few/)
  })

  it('is the same when saved and loaded, and refuses damaged bytes and other columns', () => {
    const bytes = saveScope(scope)
    expect(loadScope(bytes)).toEqual(scope)
    expect(() => loadScope(bytes.subarray(0, bytes.length - 50))).toThrow(/cut short/)
    expect(() => judgeScope(scope, { ...traffic(100), features: ['a', 'b', 'c', 'd'] })).toThrow(/bytes/)
  })
})
