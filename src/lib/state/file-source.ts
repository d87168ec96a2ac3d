/** A file as a source of bytes in chunks. */
import type { ByteSource } from '#core/base/source.ts'

const CHUNK_BYTES = 1 << 20

export function fileSource(file: File): ByteSource {
  return {
    name: file.name,
    sizeBytes: file.size,
    async *chunks(signal) {
      for (let at = 0; at < file.size; at += CHUNK_BYTES) {
        signal?.throwIfAborted()
        yield new Uint8Array(await file.slice(at, at + CHUNK_BYTES).arrayBuffer())
      }
    },
  }
}
