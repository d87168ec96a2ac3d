/** docs/asvs.json is whole, and what it points at is there. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import asvs from '../../docs/asvs.json' with { type: 'json' }

interface Item {
  readonly id: string
  readonly asks: string
  /** `file › text of it`, the title of a test. */
  readonly tests?: readonly string[]
  readonly deviation?: string
  readonly absent?: string
}

/** Requirements of level 1 in each section of ASVS 5.0.0. */
const LEVEL_1: Readonly<Record<string, readonly number[]>> = {
  '1.2': [1, 2, 3, 4, 5],
  '1.3': [1, 2],
  '1.5': [1],
  '2.1': [1],
  '2.2': [1, 2],
  '2.3': [1],
  '3.2': [1, 2],
  '3.3': [1],
  '3.4': [1, 2],
  '3.5': [1, 2, 3],
  '4.1': [1],
  '4.4': [1],
  '5.2': [1, 2],
  '5.3': [1, 2],
  '6.1': [1],
  '6.2': [1, 2, 3, 4, 5, 6, 7, 8],
  '6.3': [1, 2],
  '6.4': [1, 2],
  '7.2': [1, 2, 3, 4],
  '7.4': [1, 2],
  '8.1': [1],
  '8.2': [1, 2],
  '8.3': [1],
  '9.1': [1, 2, 3],
  '9.2': [1],
  '10.4': [1, 2, 3, 4, 5],
  '11.3': [1, 2],
  '11.4': [1],
  '12.1': [1],
  '12.2': [1, 2],
  '13.4': [1],
  '14.2': [1],
  '14.3': [1],
  '15.1': [1],
  '15.2': [1],
  '15.3': [1],
}

const items: readonly Item[] = asvs.items

it('has each requirement of level 1 once', () => {
  const all = Object.entries(LEVEL_1).flatMap(([section, numbers]) => numbers.map((number) => `${section}.${number}`))
  expect(all).toHaveLength(70)
  expect(items.map(({ id }) => id)).toEqual(all)
})

it('answers each by tests that exist, by a deviation, or by why nothing here is meant', () => {
  const wrong = items.flatMap(({ id, tests = [], deviation, absent }) => {
    if (tests.length === 0 && !deviation && !absent) return [`${id} has no answer`]
    if (absent && (deviation || tests.length > 0)) return [`${id} is absent and present`]
    return tests.flatMap((test) => {
      const [file = '', title = ''] = test.split(' › ')
      return title !== '' && textOf(file).includes(title) ? [] : [`${id}: ${test} is not there`]
    })
  })
  expect(wrong).toEqual([])
})

function textOf(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')
}
