/** Hands out stretches of the kernels' memory, in numbers of float32; nothing is ever given back but the whole. */
import type { Address, Kernels } from './kernels.ts'

const PAGE_BYTES = 65_536
/** Kernels read four numbers, tiles eight, where a row may end after one. */
const SPARE = 8

export class Heap {
  readonly #memory: WebAssembly.Memory
  #top: Address
  /** A row of zeros, for sums that begin with nothing. */
  readonly zeros: Address

  constructor(kernels: Kernels, widest: number) {
    this.#memory = kernels.memory
    this.#top = (kernels.heapBase() + 15) & ~15
    this.zeros = this.take(widest)
  }

  /** Zeros, on a boundary of 16 bytes. Views taken earlier are dead afterwards. */
  take(length: number): Address {
    const address = this.#top
    this.#top += ((length + SPARE + 3) & ~3) * 4
    const missing = this.#top - this.#memory.buffer.byteLength
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES))
    return address
  }

  /** Valid until the next `take`. */
  view(address: Address, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer, address, length)
  }
}
