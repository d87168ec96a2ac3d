import { expect, test } from 'vitest'
import type { Explanation } from '../detect/detector.ts'
import { FEATURE_NAMES } from '../flow/features.ts'
import { sampleBatch } from '../prep/fixture.ts'
import { flowColumns } from '../prep/flow-columns.ts'
import { HOST_WINDOW_NAMES } from '../prep/host-windows.ts'
import { counterfactualSentence, sentenceOf } from './sentence.ts'
import { wordsFor } from './words.ts'

function explanation(...parts: readonly (readonly [string, number, number, number])[]): Explanation {
  const contributions = parts.map(([feature, value, typical, share]) => ({ feature, value, typical, share }))
  const score = contributions.reduce((sum, { share }) => sum + share, 0)
  return { scale: 'squared distance', score, base: 0, contributions }
}

test('says actual against usual of what raises the score, in its own units, and how much of it that is', () => {
  const said = sentenceOf(
    explanation(
      ['Flow Duration', 2.5e6, 40_000, 2],
      ['Total Fwd Packets', 5000, 4, 6],
      ['Total Length of Bwd Packets', 0, 812, -3],
      ['Flow IAT Max', 3, 2, 0.1],
    ),
  )
  expect(said).toBe(
    'Its number of packets sent was 5 000 (usually 4) and its duration was 2.5 s (usually 40 ms): together 99 % of what made it stand out.',
  )
})

test('does not say one number twice, hides no missing one, and is silent when nothing stands out', () => {
  const twice = explanation(
    ['Fwd Header Length', 400, 20, 3],
    ['Fwd Header Length.1', 400, 20, 3],
    ['Flow Bytes/s', Number.NaN, 9000, 2],
  )
  expect(sentenceOf(twice)).toBe(
    'Its amount of headers sent was 400 B (usually 20 B) and its amount of data a second was not known (usually 9.0 kB a second): together 63 % of what made it stand out.',
  )
  expect(sentenceOf(explanation(['Flow Duration', 1, 1, -1]))).toContain('Nothing about this flow')
  const many = FEATURE_NAMES.map((name) => [name, 2, 1, 0.01] as const)
  expect(sentenceOf(explanation(...many))).toContain('No single number stands out: 78')
})

test('says what would have to change', () => {
  const changes = [
    { feature: 'Total Fwd Packets', from: 5000, to: 12 },
    { feature: 'host_unanswered_10min', from: 0.9, to: 0.03 },
  ]
  expect(counterfactualSentence({ changes, score: 1 })).toBe(
    'This flow would have passed as normal with its number of packets sent at 12 instead of 5 000 and share of tries of the device without an answer within ten minutes at 3 % instead of 90 %.',
  )
  expect(counterfactualSentence(undefined)).toContain('No change')
  expect(counterfactualSentence({ changes: [], score: 0 })).toContain('passes as it is')
})

test('tells flows that were judged together by their means', () => {
  const said = sentenceOf(explanation(['orig_bytes', 12e6, 3000, 2], ['resp_pkts', 1, 4, 0.1]), 10)
  expect(said).toBe(
    'On average their amount of data sent was 12.0 MB (usually 3.0 kB): 95 % of what made them stand out.',
  )
  const changes = [{ feature: 'orig_bytes', from: 12e6, to: 80_000 }]
  expect(counterfactualSentence({ changes, score: 0.1 }, 10)).toBe(
    'These 10 flows would have passed as normal with their amount of data sent at 80.0 kB instead of 12.0 MB, on average.',
  )
  expect(counterfactualSentence({ changes: [], score: 0 }, 10)).toBe('These 10 flows pass as they are.')
})

test('has plain words for every column that detectors know', () => {
  for (const feature of [...FEATURE_NAMES, ...HOST_WINDOW_NAMES]) {
    const { name } = wordsFor(feature)
    expect(name, feature).not.toMatch(/[“_]|IAT|Fwd|Bwd|undefined/)
  }
  expect(wordsFor('Something else').name).toBe('“Something else”')
})

test('has plain words and units for every column that tables give', () => {
  const code = Int32Array.of(0)
  const batch = sampleBatch(
    [4, 4, 100, 100],
    ['service', 'conn_state', 'state'].map((name) => ({ name, values: ['any'], code })),
  )
  for (const feature of flowColumns(batch).names) {
    expect(wordsFor(feature).name, feature).not.toMatch(/[“_=]|undefined/)
  }
  const said = (feature: string, value: number) => `${wordsFor(feature).name}: ${wordsFor(feature).write(value)}`
  expect(said('resp_share_of_bytes', 0.25)).toBe('share of answers in its data: 25 %')
  expect(said('duration', 2.5)).toBe('duration: 2.5 s')
  expect(said('bytes_per_s', 1200)).toBe('amount of data a second: 1.2 kB a second')
  expect([said('proto=udp', 1), said('conn_state=S0', 0), said('proto=tcp', 0.3)]).toEqual([
    'use of UDP: yes',
    'end in state S0: no',
    'use of TCP: 30 %',
  ])
})
