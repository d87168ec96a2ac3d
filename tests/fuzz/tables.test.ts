import { describe, expect, it } from 'vitest'
import { fuzzRows } from './row-fuzz.ts'
import { fuzzTables } from './table-fuzz.ts'

/** With capture-fuzz.test.ts a million inputs and more; `npm run fuzz` does as many as there is time for. */
describe('damaged tables', () => {
  it('are read or refused in a sentence, whole files and archives', { timeout: 120_000 }, async () => {
    const { inputs, refused, rows } = await fuzzTables(15_000, 1)
    expect(inputs).toBe(15_000)
    expect(refused).toBeGreaterThan(0)
    expect(rows).toBeGreaterThan(0)
  })

  it('lose no row uncounted and let no broken value through', { timeout: 120_000 }, () => {
    const { rows, skipped } = fuzzRows(700_000, 2)
    expect(rows).toBeGreaterThan(0)
    expect(skipped).toBeGreaterThan(0)
  })
})
