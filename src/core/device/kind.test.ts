import { expect, it } from 'vitest'
import { KindVotes } from './kind.ts'

const kindOf = (...clues: readonly (readonly [Parameters<KindVotes['hear']>[0], string])[]) => {
  const votes = new KindVotes()
  for (const [source, text] of clues) votes.hear(source, text)
  return votes.best
}

it.each([
  ['camera', [['name', 'front-door-camera']]],
  ['camera', [['name', 'DCS-935L']]],
  ['printer', [['service', '_ipp._tcp']]],
  [
    'tv',
    [
      ['service', '_googlecast._tcp'],
      ['vendor', 'Hon Hai'],
    ],
  ],
  ['plug', [['name', 'HS100(EU)']]],
  ['light', [['name', 'Philips hue']]],
  ['phone', [['announced', 'android-dhcp-14']]],
  ['computer', [['announced', 'MSFT 5.0']]],
  ['gateway', [['announced', 'Linux/5.10 UPnP/1.1 MiniUPnPd/2.2']]],
] as const)('takes a thing for a %s', (kind, clues) => {
  expect(kindOf(...clues)).toBe(kind)
})

it('leaves open what says too little, and does not believe repetition', () => {
  expect(kindOf(['vendor', 'Murata'])).toBeUndefined()
  expect(kindOf(['name', 'ESP_3A52'])).toBeUndefined()
  expect(kindOf(['announced', 'malaria-tests'])).toBeUndefined()
  const votes = new KindVotes()
  votes.hear('name', 'office printer')
  for (let i = 0; i < 100; i++) votes.hear('agent', 'iPhone')
  expect(votes.best).toBe('printer')
})

it('hears a port as support only', () => {
  const votes = new KindVotes()
  votes.servesPort(9100)
  expect(votes.best).toBeUndefined()
})

it('bears hostile text', () => {
  for (let i = 0; i < 1000; i++) expect(() => kindOf(['name', `${'cam-'.repeat(50_000)}${i}`])).not.toThrow()
})
