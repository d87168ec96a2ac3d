/** A `ByteSource` over a file on disk. */
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { InputError } from '#core/base/errors.ts'
import type { ByteSource } from '#core/base/source.ts'

const CHUNK_BYTES = 1 << 20

export async function fileSource(path: string): Promise<ByteSource> {
  const info = await stat(path)
  if (info.isDirectory()) throw new InputError(`${path} is a folder; give the files in it.`)
  return {
    name: basename(path),
    sizeBytes: info.isFile() ? info.size : undefined,
    async *chunks(signal) {
      const file = await open(path)
      try {
        const buffer = new Uint8Array(CHUNK_BYTES)
        for (;;) {
          signal?.throwIfAborted()
          const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null)
          if (bytesRead === 0) return
          yield buffer.subarray(0, bytesRead)
        }
      } finally {
        await file.close()
      }
    },
  }
}
