import { expect, it } from 'vitest'
import type { EvalResult } from '#core/evaluate/result.ts'
import { figuresOf, outcomeWords } from './report-words.ts'

const result: EvalResult = {
  rows: 1100,
  baseRate: 0.1,
  perClass: {},
  prAuc: 0.62,
  rocAuc: 0.99,
  recallAtFpr: { '0.01': 0.42, '0.001': 0.09 },
  falseCasesPerDeviceWeek: 0.8,
  abstained: 100,
  confusion: { truePositives: 40, falsePositives: 9, trueNegatives: 891, falseNegatives: 60 },
  elapsedMs: 1,
}
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ')

it('leads with what false alarms cost, and holds precision against guessing', () => {
  const figures = figuresOf(result).map(({ what, value, beside }) => plain(`${what}: ${value}. ${beside}`))
  expect(figures[0]).toContain('False cases a week, for each device: 0.8')
  expect(figures[1]).toContain(': 42 %. When only 1 in 1000 may: 9.0 %.')
  expect(figures[2]).toContain(': 0.620. Guessing gives 0.100')
  expect(figures.join(' ')).not.toMatch(/accuracy/i)
})

it('says what a file cannot tell', () => {
  const [cases, recall, area] = figuresOf({
    ...result,
    falseCasesPerDeviceWeek: null,
    prAuc: null,
    recallAtFpr: { '0.01': null, '0.001': null },
  })
  expect([cases?.value, recall?.value, area?.value]).toEqual(['not known', 'not known', 'not known'])
  expect(cases?.beside).toContain('no times')
})

it('counts what happened at the threshold, and what was not judged', () => {
  expect(plain(outcomeWords(result))).toBe(
    'At its threshold: 40 of 100 attack flows found, 9 of 900 normal flows wrongly called unusual, 100 of 1 100 not judged.',
  )
})
