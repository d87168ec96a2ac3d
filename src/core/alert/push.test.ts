import { expect, it } from 'vitest'
import { pushPath, readPush } from './push.ts'

it('reads what the relay pushes and leads to the alert', () => {
  const notice = readPush(
    JSON.stringify({ title: 'Camera did something new', text: 'Why', severity: 'high', alert: 7 }),
  )
  expect(notice).toEqual({ title: 'Camera did something new', text: 'Why', alert: 7 })
  expect(pushPath(notice)).toBe('live/?show=alerts&id=7')
})

it.each([
  ['no payload', undefined],
  ['no JSON', 'hello'],
  ['null', 'null'],
  ['a list', '[1]'],
  ['other types', '{"title":5,"text":{},"alert":"7&x=1"}'],
  ['an empty title and an impossible id', '{"title":" ","text":3,"alert":-1}'],
])('still says something for %s', (_, payload) => {
  const notice = readPush(payload)
  expect(notice).toEqual({ title: 'Your relay has something to say', text: '', alert: undefined })
  expect(pushPath(notice)).toBe('live/?show=alerts')
})
