import { expect, it } from 'vitest'
import type { TablePreview } from '#core/logs/mapping.ts'
import { guessBenign, guessLabel, valuesOf } from './label-guess.ts'

const preview = (columns: string[], sampleRows: string[][], label?: string): TablePreview => ({
  columns,
  sampleRows,
  proposal: label === undefined ? {} : { label },
  complete: true,
})

it('takes the column that reading the table would take, and the value that says normal though it is rare', () => {
  const table = preview(
    ['a', 'Kind'],
    [
      ['1', 'DoS'],
      ['2', 'DoS'],
      ['3', 'BENIGN'],
    ],
    'Kind',
  )
  expect(guessLabel(table)).toEqual({ column: 'Kind', benign: 'BENIGN' })
})

it('knows the usual names of a column of classes', () => {
  expect(guessLabel(preview(['a', 'Class'], [['1', 'Normal']]))).toEqual({ column: 'Class', benign: 'Normal' })
  expect(guessLabel(preview(['a', 'b'], [['1', '2']]))).toEqual({ column: undefined, benign: undefined })
})

it('with values that say nothing the most frequent is taken, unless they are no classes at all', () => {
  expect(guessBenign(['red', 'blue'])).toBe('red')
  expect(guessBenign(Array.from({ length: 20 }, (_, i) => `id${i}`))).toBeUndefined()
  expect(guessBenign([])).toBeUndefined()
})

it('lists values by how often they occur, without empty ones', () => {
  const table = preview(['x'], [['b'], ['a'], [' a '], ['']])
  expect(valuesOf(table, 'x')).toEqual(['a', 'b'])
})
