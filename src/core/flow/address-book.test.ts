import { expect, it } from 'vitest'
import { AddressBook } from './address-book.ts'

it('gives each address one index and one text, however many there are, and keeps the families apart', () => {
  const book = new AddressBook()
  const indexes = new Map<number, number>()
  for (let round = 0; round < 2; round++) {
    for (let number = 0; number < 5000; number++) {
      const index = book.indexOf(Int32Array.of(0x0a000000 + number, 0, 0, 0), 0, 0)
      expect(indexes.get(number) ?? index).toBe(index)
      indexes.set(number, index)
    }
  }
  const six = book.indexOf(Int32Array.of(9, 0x0a000001, 0, 0, 1), 1, 0x100)
  const texts = book.take()
  expect(texts).toHaveLength(5001)
  expect([texts[indexes.get(1)!], texts[six]]).toEqual(['10.0.0.1', 'a00:1::1'])
  expect(book.indexOf(Int32Array.of(7, 0, 0, 0), 0, 0)).toBe(0)
})
