/** Chunks gathered into one buffer that keeps what was not yet used, with room for an end mark behind the bytes. */

export class ChunkBuffer {
  bytes: Uint8Array
  start = 0
  end = 0

  constructor(firstBytes: number) {
    this.bytes = new Uint8Array(Math.max(64, firstBytes) + 1)
  }

  get length(): number {
    return this.end - this.start
  }

  add(chunk: Uint8Array): void {
    if (this.end + chunk.length + 1 > this.bytes.length) this.#makeRoom(chunk.length)
    this.bytes.set(chunk, this.end)
    this.end += chunk.length
  }

  #makeRoom(more: number): void {
    const needed = this.length + more + 1
    const target = needed > this.bytes.length ? new Uint8Array(Math.max(needed, this.bytes.length * 2)) : this.bytes
    if (target === this.bytes) this.bytes.copyWithin(0, this.start, this.end)
    else target.set(this.bytes.subarray(this.start, this.end))
    this.bytes = target
    this.end -= this.start
    this.start = 0
  }
}

/** A chunk in parts of at most `partBytes`: a source may give its whole file at once, and a step must stay short. */
export function* cutChunk(chunk: Uint8Array, partBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at += partBytes) yield chunk.subarray(at, at + partBytes)
}
