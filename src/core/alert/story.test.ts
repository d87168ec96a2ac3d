import { describe, expect, it } from 'vitest'
import type { CaseFacts } from './case.ts'
import { CaseBook } from './gather.ts'
import { type Story, tellCase } from './story.ts'
import { weighCase } from './weigh.ts'

const NIGHT = Date.UTC(2026, 2, 2, 3, 10) * 1000

const CALM: CaseFacts = {
  flows: 12,
  bytesOut: 4000,
  bytesIn: 9000,
  usualBytesOutPerHour: 3000,
  usualBytesInPerHour: 8000,
  hosts: 3,
  newHosts: 0,
  usualHosts: 3,
  unansweredFlows: 0,
  peers: [{ address: '203.0.113.9', name: 'updates.maker.example', flows: 2, bytes: 100, isNew: true }],
  ports: [{ port: 443, flows: 12 }],
}

function evidence(count = 30, ratio = 2.5) {
  const book = new CaseBook(() => true)
  for (let i = 0; i < count; i++)
    book.add({
      detector: 'model',
      device: 'camera',
      rows: [i * 20, i * 20 + 9],
      startMicros: NIGHT + i * 120e6,
      endMicros: NIGHT + i * 120e6 + 60e6,
      score: ratio,
      threshold: 1,
      severity: ratio > 2 ? 'critical' : 'low',
      reasons: [{ feature: 'orig_bytes', value: 5e6, typical: 1200, share: 1 }],
    })
  return book.all()[0]!
}

const tell = (facts: Partial<CaseFacts>, owner?: string): Story =>
  tellCase({
    name: 'Front-door camera',
    evidence: evidence(),
    facts: { ...CALM, ...facts },
    reasons: [{ feature: 'orig_bytes', value: 5e6, typical: 1200, share: 1 }],
    owner,
    timeZone: 'UTC',
  })

/** Flesch–Kincaid grade with a plain syllable count. */
function gradeOf(text: string): number {
  const sentences = text.split(/[.:;?]/).filter((part) => part.trim()).length
  const words = text.match(/[A-Za-z]+/g) ?? []
  const syllables = words.reduce(
    (sum, word) =>
      sum +
      Math.max(
        1,
        (
          word
            .toLowerCase()
            .replace(/e$/, '')
            .match(/[aeiouy]+/g) ?? []
        ).length,
      ),
    0,
  )
  return 0.39 * (words.length / sentences) + 11.8 * (syllables / words.length) - 15.59
}

describe('the story of a case', () => {
  it('says that a device met many new hosts, when, and how many are usual', () => {
    const story = tell({ newHosts: 34, hosts: 37, bytesOut: 120e6 })
    expect(story.title).toBe('Front-door camera talked to 34 hosts it never used before at 03:10.')
    expect(story.usual).toBe('It normally talks to 3.')
    expect(story.advice).toHaveLength(3)
    expect(story.advice[1]).toContain('120.0 MB')
  })

  it('explains a download from a named host as an update', () => {
    const story = tell({ bytesIn: 48e6, bytesOut: 300_000 })
    expect(story.title).toContain('fetched 48.0 MB from updates.maker.example')
    expect(story.harmless).toContain('software update')
    const known = tell({ bytesIn: 48e6, bytesOut: 300_000 }, 'maker.example')
    expect(known.harmless).toContain('it came from maker.example, a network that Front-door camera talks to anyway')
  })

  it('names an upload by its size against the usual', () => {
    expect(tell({ bytesOut: 120e6 }).title).toMatch(/sent 120\.0 MB in 59 minutes at 03:10/)
  })

  it('stays readable and never speaks of the machinery', () => {
    const kinds = [{ newHosts: 34 }, { bytesIn: 48e6 }, { bytesOut: 120e6 }, { flows: 90, unansweredFlows: 80 }, {}]
    for (const facts of kinds) {
      const story = tell(facts)
      const text = [story.title, story.usual, story.harmless, ...story.advice].join(' ')
      expect(text).not.toMatch(/\b(sequence|epoch|MSE|logit|anomaly|threshold|NaN|undefined|Infinity)\b|!/)
      expect(gradeOf(text)).toBeLessThan(9)
    }
  })
})

describe('the severity of a case', () => {
  it('rises when a device meets many hosts for the first time', () => {
    const weak = evidence(30, 1.1)
    expect(weighCase(weak, CALM).severity).toBe('low')
    expect(weighCase(weak, { ...CALM, newHosts: 34 })).toMatchObject({
      severity: 'medium',
      because: ['it met many hosts for the first time'],
    })
  })

  it('is low for a plain download however odd its windows are', () => {
    expect(weighCase(evidence(), { ...CALM, bytesIn: 48e6, bytesOut: 3e5 }).severity).toBe('low')
  })

  it('falls for one short run that the baseline did not see', () => {
    const book = evidence(1)
    expect(weighCase(book, CALM).severity).toBe('high')
  })
})

it('a title from a rule keeps an address whole and ends with the first sentence', () => {
  const book = new CaseBook(() => true)
  book.add({
    detector: 'rule',
    device: 'camera',
    rows: [1, 9],
    startMicros: NIGHT,
    endMicros: NIGHT + 60e6,
    score: 3,
    threshold: 1,
    severity: 'critical',
    reasons: [],
    told: {
      rule: 'flood',
      title: 'Flood',
      text: '192.168.1.13 sent 200 packets a second to one host; it never did that. Twice.',
      harmless: '',
      techniques: [],
      opensCase: true,
    },
  })
  const story = tellCase({
    name: '192.168.1.13',
    evidence: book.all()[0]!,
    facts: CALM,
    reasons: [],
    owner: undefined,
    timeZone: 'UTC',
  })
  expect(story.title).toBe('192.168.1.13 sent 200 packets a second to one host at 03:10.')
})
