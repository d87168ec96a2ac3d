/** Where bytes come from: a `File` in the page, a path in the command line, an array in a test. The port that shells implement. */
export interface ByteSource {
  readonly name: string
  /** Undefined when it cannot be known beforehand (a pipe, an entry inside an archive). */
  readonly sizeBytes: number | undefined
  /**
   * The bytes in order. A chunk is valid only until the next one is asked for: its buffer may be used again.
   * Each call starts again from the first byte.
   */
  chunks(signal?: AbortSignal): AsyncGenerator<Uint8Array>
}

/** A source over bytes in memory, in pieces of `chunkBytes`. */
export function bytesSource(name: string, bytes: Uint8Array, chunkBytes = 1 << 20): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    async *chunks(signal) {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        signal?.throwIfAborted()
        yield bytes.subarray(at, Math.min(bytes.length, at + chunkBytes))
      }
    },
  }
}

/** The first `count` bytes (fewer when the source is shorter). */
export async function readHead(source: ByteSource, count: number): Promise<Uint8Array> {
  const head = new Uint8Array(count)
  let filled = 0
  for await (const chunk of source.chunks()) {
    const take = Math.min(count - filled, chunk.length)
    head.set(chunk.subarray(0, take), filled)
    filled += take
    if (filled === count) break
  }
  return head.subarray(0, filled)
}
