import { expect, it } from 'vitest'
import { kindOf, LEARNABLE_KINDS } from '#core/detect/kinds.ts'
import { kindWords, TRAINABLE } from './model-words.ts'

it('what the page offers to train can be learnt, and is told with whether it needs labels', () => {
  for (const kind of TRAINABLE) {
    expect(LEARNABLE_KINDS).toContain(kind)
    expect(kindWords(kind).learns === 'labels').toBe(kindOf(kind).supervised)
    expect(kindWords(kind).does).not.toBe('')
  }
})
