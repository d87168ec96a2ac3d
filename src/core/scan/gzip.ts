/** Bytes out of gzip (RFC 1952, several members too) and DEFLATE (RFC 1951), in bounded memory. */
import { Gunzip, Inflate } from 'fflate'
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'

/** Logs pack to a fiftieth at best; a bomb to a thousandth. Only judged once MIN_JUDGED_BYTES came out. */
export const MAX_UNPACK_RATIO = 300
export const MIN_JUDGED_BYTES = 64 << 20
export const MAX_UNPACKED_BYTES = 64 * 2 ** 30
/** Pushed at once: DEFLATE's best ratio is 1032, so at most 17 MB come out of it. */
const PUSH_BYTES = 1 << 14
const GIVE_BYTES = 1 << 20

export interface UnpackedSource extends ByteSource {
  /** Set when the packed data broke off: what came last may be cut in the middle. */
  readonly cut: boolean
}

export interface Packed {
  readonly name: string
  readonly form: 'gzip' | 'deflate'
  readonly chunks: (signal?: AbortSignal) => AsyncGenerator<Uint8Array>
  readonly sizeBytes?: number | undefined
  /** A sentence for the person about where it broke off. */
  readonly remark: (sentence: string) => void
}

export function unpackSource(packed: Packed): UnpackedSource {
  let cut = false
  return {
    name: packed.name,
    sizeBytes: packed.sizeBytes,
    get cut() {
      return cut
    },
    async *chunks(signal) {
      const out = new Unpacker(packed.form)
      cut = false
      let broken: string | undefined
      for await (const chunk of packed.chunks(signal)) {
        for (let at = 0; at < chunk.length && broken === undefined && !out.isDone; at += PUSH_BYTES) {
          broken = out.push(chunk.subarray(at, at + PUSH_BYTES), false)
          out.checkLimits(packed.name)
          if (out.heldBytes >= GIVE_BYTES) yield* out.take()
        }
        if (broken !== undefined || out.isDone) break
      }
      if (broken === undefined && !out.isDone) broken = out.push(new Uint8Array(0), true)
      if (broken !== undefined) {
        cut = true
        if (out.bytes === 0) throw new InputError(`${packed.name} is packed, but cannot be unpacked: ${broken}.`)
        packed.remark(
          `The packed file breaks off after ${out.bytes} unpacked bytes (${broken}); what came before was used.`,
        )
      }
      yield* out.take()
    },
  }
}

/** What comes out of the beginning of DEFLATE data; undefined when they are damaged. */
export function inflateHead(packed: Uint8Array): Uint8Array | undefined {
  // fflate gives a stored block (type 00) out only when it is whole, up to 64 KiB later.
  if (packed.length > 5 && (packed[0]! & 6) === 0) return packed.subarray(5)
  const parts: Uint8Array[] = []
  try {
    new Inflate((data) => parts.push(data)).push(packed.slice(), false)
  } catch {
    return parts[0]
  }
  return parts[0] ?? new Uint8Array(0)
}

class Unpacker {
  bytes = 0
  heldBytes = 0
  /** DEFLATE data end by themselves; what follows is not theirs. */
  isDone = false
  #packedBytes = 0
  #held: Uint8Array[] = []
  readonly #stream: Gunzip | Inflate

  constructor(form: Packed['form']) {
    const take = (data: Uint8Array) => {
      this.bytes += data.length
      this.heldBytes += data.length
      if (data.length > 0) this.#held.push(data)
    }
    this.#stream = form === 'gzip' ? new Gunzip(take) : new Inflate(take)
  }

  /** What is wrong with the data, if anything. */
  push(chunk: Uint8Array, final: boolean): string | undefined {
    this.#packedBytes += chunk.length
    try {
      // fflate keeps what it could not use yet, and the caller's buffer is used again.
      this.#stream.push(chunk.slice(), final)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : 'damaged data'
    }
  }

  checkLimits(name: string): void {
    if (this.bytes > MAX_UNPACKED_BYTES) {
      throw new InputError(
        `${name} unpacks to more than ${MAX_UNPACKED_BYTES / 2 ** 30} GiB, which is more than is read here. Unpack it first and give a part of it.`,
      )
    }
    if (this.bytes > MIN_JUDGED_BYTES && this.bytes > MAX_UNPACK_RATIO * this.#packedBytes) {
      throw new InputError(
        `${name} unpacks to more than ${MAX_UNPACK_RATIO} times its size, as only a ZIP bomb does; it was not read further.`,
      )
    }
  }

  *take(): Generator<Uint8Array> {
    const held = this.#held
    this.#held = []
    this.heldBytes = 0
    yield* held
  }
}
