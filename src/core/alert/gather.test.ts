import { describe, expect, it } from 'vitest'
import { MAX_KEPT_FINDINGS } from './case.ts'
import { BOX_PLOT_DETECTOR, type Finding, MODEL_DETECTOR } from './evidence.ts'
import { CaseBook, typicalSeverity } from './gather.ts'
import { severityOfRatio } from './severity.ts'

const HOUR = 3600e6

function finding(parts: Partial<Finding> & { at: number; ratio?: number }): Finding {
  const { at, ratio = 1.1, ...rest } = parts
  return {
    detector: MODEL_DETECTOR,
    device: 'camera',
    rows: [1, 10],
    startMicros: at,
    endMicros: at + 60e6,
    score: ratio,
    threshold: 1,
    severity: severityOfRatio(ratio),
    reasons: [{ feature: 'orig_bytes', value: 5, typical: 1, share: 1 }],
    ...rest,
  }
}

describe('gathering findings into cases', () => {
  it('makes one case of a night in which findings are less than an hour apart', () => {
    const book = new CaseBook(() => true)
    for (let at = 0; at < 4 * HOUR; at += HOUR / 2) book.add(finding({ at }))
    expect(book.size).toBe(1)
    expect(book.all()[0]).toMatchObject({ startMicros: 0, endMicros: 3.5 * HOUR + 60e6, count: 8 })
  })

  it('starts a new case after a quiet hour, and one for each device', () => {
    const book = new CaseBook(() => true)
    book.add(finding({ at: 0 }))
    book.add(finding({ at: 2 * HOUR }))
    book.add(finding({ at: 0, device: 'plug' }))
    expect(book.all().map(({ id }) => id)).toEqual([
      'camera@1970-01-01T00:00',
      'camera@1970-01-01T02:00',
      'plug@1970-01-01T00:00',
    ])
  })

  it('lets a supporting finding join a case that opens within the hour, and forgets it otherwise', () => {
    const book = new CaseBook(({ detector }) => detector === MODEL_DETECTOR)
    book.add(finding({ at: 0, detector: BOX_PLOT_DETECTOR }))
    book.add(finding({ at: 5 * HOUR, detector: BOX_PLOT_DETECTOR }))
    expect(book.size).toBe(0)
    book.add(finding({ at: 5.5 * HOUR }))
    expect(book.all()).toHaveLength(1)
    expect(book.all()[0]).toMatchObject({ baselineCount: 1, modelCount: 1, startMicros: 5 * HOUR })
  })

  it('keeps the strongest findings and counts them all', () => {
    const book = new CaseBook(() => true)
    for (let i = 1; i <= 500; i++) book.add(finding({ at: i * 1e6, ratio: 1 + i / 1000 }))
    const [evidence] = book.all()
    expect(evidence!.count).toBe(500)
    expect(evidence!.kept).toHaveLength(MAX_KEPT_FINDINGS)
    expect(Math.min(...evidence!.kept.map(({ score }) => score))).toBeCloseTo(1.301)
  })

  it('goes by rows where there are no times', () => {
    const book = new CaseBook(() => true)
    const at = Number.NaN
    book.add(finding({ at, rows: [1, 10] }))
    book.add(finding({ at, rows: [60, 69] }))
    book.add(finding({ at, rows: [400, 409] }))
    expect(book.all().map(({ firstRow, lastRow }) => [firstRow, lastRow])).toEqual([
      [1, 69],
      [400, 409],
    ])
  })

  it('does not let one stray window decide the severity', () => {
    const book = new CaseBook(() => true)
    for (let i = 0; i < 30; i++) book.add(finding({ at: i * 1e6, ratio: 1.1 }))
    book.add(finding({ at: 40e6, ratio: 9 }))
    expect(typicalSeverity(book.all()[0]!)).toBe('low')
  })

  it('counts runs of overlapping windows as one piece of evidence', () => {
    const book = new CaseBook(() => true)
    for (let row = 1; row <= 10; row++) book.add(finding({ at: row * 1e6, rows: [row, row + 9] }))
    for (let row = 50; row <= 55; row++) book.add(finding({ at: row * 1e6, rows: [row, row + 9] }))
    expect(book.all()[0]!.clusters).toBe(2)
  })
})
