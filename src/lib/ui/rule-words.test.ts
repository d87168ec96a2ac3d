import * as v from 'valibot'
import { expect, it } from 'vitest'
import { type ActionRecord, ruleRequest } from '#core/prevent/wire.ts'
import { describeRule, spanWords, standing } from './rule-words.ts'

// Numbers stay beside their words by a space that does not break.
const plain = (text: string) => text.replaceAll('\u00a0', ' ')
const say = (fields: Partial<v.InferInput<typeof ruleRequest>>) =>
  plain(
    describeRule(v.parse(ruleRequest, { name: 'A rule', action: 'quarantine', ...fields }), (id) => id.toUpperCase()),
  )

it('says when a rule acts, what it does and how long', () => {
  expect(say({})).toBe(
    'When any device shows anything unusual: put it in quarantine, for 1 day, at most once in 1 hour.',
  )
  expect(
    say({ device: 'cam', minSeverity: 'high', types: ['threshold_breach', 'sustained_attack'], minRatio: 2 }),
  ).toBe(
    'When CAM shows something high or louder, 2 times its line or more, unusual traffic or goes on: put it in quarantine, for 1 day, at most once in 1 hour.',
  )
  expect(say({ action: 'rate_limit', messagesPerSecond: 1, expirySeconds: 0, cooldownSeconds: 0 })).toBe(
    'When any device shows anything unusual: slow it down to 1 message a second, until it is undone.',
  )
  expect(say({ action: 'block', expirySeconds: 90 })).toContain('block its strongest new peer, for 90 seconds')
  expect(say({ action: 'webhook', webhook: 'https://hooks.test/x' })).toContain(
    'call hooks.test, at most once in 1 hour.',
  )
})

it('counts spans in the largest whole unit', () => {
  expect([0, 59, 60, 5400, 7200, 172_800].map(spanWords).map(plain)).toEqual([
    '0 seconds',
    '59 seconds',
    '1 minute',
    '90 minutes',
    '2 hours',
    '2 days',
  ])
})

it('knows what still stands', () => {
  const done: ActionRecord = {
    id: 1,
    rule: '',
    device: 'cam',
    action: 'quarantine',
    target: '',
    atMicros: 0,
    expiresMicros: 100,
    success: true,
    detail: '',
  }
  expect(standing(done, 99)).toBe('stands')
  expect(standing(done, 100)).toBe('over')
  expect(standing({ ...done, undoneMicros: 50 }, 99)).toBe('undone')
  expect(standing({ ...done, success: false }, 99)).toBe('failed')
  expect(standing({ ...done, action: 'webhook' }, 99)).toBe('done')
})
