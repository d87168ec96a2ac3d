import { expect, it } from 'vitest'
import { SeenSet } from './seen-set.ts'

it('knows what it has seen, however much that was', () => {
  const seen = new SeenSet(100_000)
  for (let round = 0; round < 2; round++) {
    for (let number = 0; number < 5000; number++) expect(seen.start(1).addWord(number).isNew()).toBe(round === 0)
  }
})

it('tells kinds, lengths and orders apart', () => {
  const seen = new SeenSet(100)
  const bytes = Uint8Array.from([0, 0, 0, 0, 1, 2, 3, 4, 5])
  const things = [
    () => seen.start(1).addBytes(bytes, 0, 1),
    () => seen.start(2).addBytes(bytes, 0, 1),
    () => seen.start(1).addBytes(bytes, 0, 2),
    () => seen.start(1).addBytes(bytes, 0, 4),
    () => seen.start(1).addBytes(bytes, 4, 9),
    () => seen.start(1).addText('ab'),
    () => seen.start(1).addText('ba'),
  ]
  for (const thing of things) expect(thing().isNew()).toBe(true)
  for (const thing of things) expect(thing().isNew()).toBe(false)
})

it('takes nothing for new once it is full', () => {
  const seen = new SeenSet(3)
  const news = [1, 2, 3, 4, 5].map((word) => seen.start(1).addWord(word).isNew())
  expect(news).toEqual([true, true, true, false, false])
})
