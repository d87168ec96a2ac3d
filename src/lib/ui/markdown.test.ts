import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { readMarkdown, readSpans } from './markdown.ts'

it('reads headings, paragraphs over lines, lists and tables', () => {
  const blocks = readMarkdown('# One\nfirst\nsecond\n\n- a\n- b\n  goes on\n\n| x | y |\n|---|--:|\n| 1 | `2` |\n')
  expect(blocks).toEqual([
    { kind: 'heading', depth: 1, spans: [{ kind: 'text', text: 'One' }] },
    { kind: 'paragraph', spans: [{ kind: 'text', text: 'first second' }] },
    { kind: 'list', items: [[{ kind: 'text', text: 'a' }], [{ kind: 'text', text: 'b goes on' }]] },
    {
      kind: 'table',
      head: [[{ kind: 'text', text: 'x' }], [{ kind: 'text', text: 'y' }]],
      rows: [[[{ kind: 'text', text: '1' }], [{ kind: 'code', text: '2' }]]],
    },
  ])
})

it('a list or table right under its sentence is a block of its own', () => {
  expect(readMarkdown('Which:\n- a\n').map(({ kind }) => kind)).toEqual(['paragraph', 'list'])
  expect(readMarkdown('Which:\n| a |\n|---|\n').map(({ kind }) => kind)).toEqual(['paragraph', 'table'])
})

it('leaves lone marks and HTML as text', () => {
  expect(readSpans('2 * 3 `x <b>')).toEqual([{ kind: 'text', text: '2 * 3 `x <b>' }])
  expect(readSpans('**so** it')).toEqual([
    { kind: 'strong', text: 'so' },
    { kind: 'text', text: ' it' },
  ])
})

it('reads the card of the shipped model whole', async () => {
  const card = await readFile('models/flow-autoencoder/1.0.0/card.md', 'utf8')
  const blocks = readMarkdown(card)
  expect(blocks.filter(({ kind }) => kind === 'table').length).toBeGreaterThan(3)
  expect(blocks[0]).toMatchObject({ kind: 'heading', depth: 1 })
})
