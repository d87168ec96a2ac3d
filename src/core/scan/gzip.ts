/** Bytes out of gzip (RFC 1952, several members too) and DEFLATE (RFC 1951), in bounded memory. */
import { Gunzip, Inflate } from 'fflate'
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'

/** Logs pack to a fiftieth at best; a bomb to a thousandth. Only judged once MIN_JUDGED_BYTES came out. */
export const MAX_UNPACK_RATIO = 300
export const MIN_JUDGED_BYTES = 32 << 20
export const MAX_UNPACKED_BYTES = 64 * 2 ** 30
/** Pushed at once: DEFLATE's best ratio is 1032, so at most 17 MB come out of it. */
const PUSH_BYTES = 1 << 14
/** A stored block of 64 KiB gives nothing until it is whole; past that, silence means that the data ended. */
const MAX_SILENT_BYTES = 1 << 17
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
      for await (const chunk of packed.chunks(signal)) {
        for (let at = 0; at < chunk.length && out.isOpen; at += PUSH_BYTES) {
          out.push(chunk.subarray(at, at + PUSH_BYTES))
          out.checkLimits(packed.name)
          if (out.heldBytes >= GIVE_BYTES) yield* out.take()
        }
        if (!out.isOpen) break
      }
      const broken = out.finish()
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
  #packedBytes = 0
  #held: Uint8Array[] = []
  /**
   * What was not given to fflate yet: it wants large pieces, and sees that data are missing only when its last push brings some,
   * so the newest byte always waits.
   */
  readonly #pending = new Uint8Array(PUSH_BYTES)
  #filled = 0
  #silentBytes = 0
  #broken: string | undefined
  readonly #stream: Gunzip | Inflate

  constructor(form: Packed['form']) {
    const take = (data: Uint8Array) => {
      this.bytes += data.length
      this.heldBytes += data.length
      if (data.length === 0) return
      this.#silentBytes = 0
      this.#held.push(data)
    }
    this.#stream = form === 'gzip' ? new Gunzip(take) : new Inflate(take)
  }

  /** False once the data broke, or ended before their container did. */
  get isOpen(): boolean {
    return this.#broken === undefined && this.#silentBytes <= MAX_SILENT_BYTES
  }

  push(chunk: Uint8Array): void {
    this.#packedBytes += chunk.length
    for (let at = 0; at < chunk.length && this.isOpen; ) {
      const taken = Math.min(PUSH_BYTES - this.#filled, chunk.length - at)
      this.#pending.set(chunk.subarray(at, at + taken), this.#filled)
      this.#filled += taken
      at += taken
      if (this.#filled < PUSH_BYTES) return
      this.#give(this.#pending.slice(0, -1), false)
      this.#pending[0] = this.#pending[PUSH_BYTES - 1]!
      this.#filled = 1
    }
  }

  /** What is wrong with the data, if anything. */
  finish(): string | undefined {
    if (this.isOpen) this.#give(this.#pending.slice(0, this.#filled), true)
    return this.#broken
  }

  #give(piece: Uint8Array, final: boolean): void {
    this.#silentBytes += piece.length
    try {
      this.#stream.push(piece, final)
    } catch (error) {
      this.#broken = error instanceof Error ? error.message : 'damaged data'
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
