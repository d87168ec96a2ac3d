/**
 * What each kind of layer is to the trainer. All is time-major: step, row, number; rows may be fewer than there is room for, and
 * then lie as close.
 */
import type { LayerPlan } from '#core/detect/architecture.ts'
import type { Heap } from './heap.ts'
import type { Address, Kernels } from './kernels.ts'

export interface LayerRun {
  output(rows: number): Address
  /** Where the layer above leaves the loss by this layer's output. */
  outputGradient(rows: number): Address
  /** Packs the weights, after they have changed. */
  packForward(): void
  packBackward(): void
  forward(rows: number, input: Address): void
  /**
   * Adds to the weights' gradients; sets `inputGradient` (0: nobody asks) to the loss by the input. The output's gradient is used
   * up.
   */
  backward(rows: number, input: Address, inputGradient: Address): void
}

export interface Room {
  readonly kernels: Kernels
  readonly heap: Heap
  readonly plan: LayerPlan
  /** Rows that there is room for. */
  readonly rows: number
  /** Of the tensors of the plan, in its order. */
  readonly weights: readonly Address[]
  readonly gradients: readonly Address[]
  /** For packing a gradient, shared by all layers. */
  readonly scratch: Address
}

/** Numbers that a packed matrix takes: its columns come in panels of 8. */
export function packedLength(inner: number, columns: number): number {
  return inner * ((columns + 7) & ~7)
}

export interface Product {
  readonly rows: number
  readonly columns: number
  readonly inner: number
  /** rows × inner; with `transposed` inner × rows. */
  readonly left: Address
  readonly transposed?: boolean
  /** inner × columns, packed; `packedInner` when more was packed than this product uses. */
  readonly packed: Address
  readonly packedInner?: number
  /** What each row begins with … */
  readonly bias?: Address
  /** … or a matrix to begin with, by default `to` itself. */
  readonly start?: Address
  readonly to: Address
}

/** to = bias or start, plus left · packed. */
export function multiply(kernels: Kernels, product: Product): void {
  const { rows, columns, inner, left, transposed, packed, packedInner = inner, bias, start = product.to, to } = product
  kernels.multiply(
    rows,
    columns,
    inner,
    left,
    transposed ? 1 : inner,
    transposed ? rows : 1,
    packed,
    packedInner,
    bias ?? start,
    bias === undefined ? columns : 0,
    to,
    columns,
  )
}
