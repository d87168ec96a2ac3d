/** UTF-16 text (Excel's "Unicode text") as UTF-8, chunk by chunk. */
import type { ByteSource } from '../base/source.ts'

export function utf8Source(source: ByteSource, encoding: 'utf16le' | 'utf16be'): ByteSource {
  return {
    name: source.name,
    sizeBytes: undefined,
    async *chunks(signal) {
      const decoder = new TextDecoder(encoding === 'utf16le' ? 'utf-16le' : 'utf-16be')
      const encoder = new TextEncoder()
      for await (const chunk of source.chunks(signal)) yield encoder.encode(decoder.decode(chunk, { stream: true }))
      yield encoder.encode(decoder.decode())
    },
  }
}
