import { expect, it } from 'vitest'
import { InputError } from '../base/errors.ts'
import { bytesSource } from '../base/source.ts'
import { openCapture } from './capture-input.ts'

it('refuses an empty capture with a sentence', async () => {
  await expect(openCapture(bytesSource('empty.pcap', new Uint8Array(0)))).rejects.toThrow(InputError)
})
