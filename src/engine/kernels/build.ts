/** The layers of an architecture, laid out in the kernels' memory. */
import type { Architecture, LayerPlan, NetworkPlan } from '#core/detect/architecture.ts'
import { runConv1d } from './conv1d.ts'
import { runDense } from './dense.ts'
import type { Heap } from './heap.ts'
import type { Address, Kernels } from './kernels.ts'
import { type LayerRun, packedLength, type Room } from './layer.ts'
import { runLstm } from './lstm.ts'
import { runMaxPool } from './max-pool.ts'

export interface Ground {
  readonly kernels: Kernels
  readonly heap: Heap
  /** Rows that there is to be room for. */
  readonly rows: number
  /** Of the network's flat arrays. */
  readonly weights: Address
  readonly gradients: Address
}

/** In order; a repeat is part of the LSTM after it. */
export function buildLayers(architecture: Architecture, { layers }: NetworkPlan, ground: Ground): LayerRun[] {
  const { kernels, heap, rows } = ground
  const scratch = heap.take(Math.max(...layers.map((plan) => scratchLength(plan, rows))))
  const built: LayerRun[] = []
  layers.forEach((plan, i) => {
    const { layer, tensors } = plan
    const weights = tensors.map(({ offset }) => ground.weights + offset * 4)
    const gradients = tensors.map(({ offset }) => ground.gradients + offset * 4)
    const room: Room = { kernels, heap, plan, rows, weights, gradients, scratch }
    // Cross entropy takes in the last sigmoid: the two together neither overflow nor lose small gradients.
    const isInLoss = architecture.loss === 'bce' && i === layers.length - 1
    if (layer.kind === 'lstm') {
      built.push(runLstm(room, { ...layer, repeats: layers[i - 1]?.layer.kind === 'repeat' }))
    } else if (layer.kind === 'conv1d') built.push(runConv1d(room, layer.activation))
    else if (layer.kind === 'max-pool') built.push(runMaxPool(room))
    else if (layer.kind === 'dense') built.push(runDense(room, isInLoss ? 'linear' : layer.activation))
  })
  return built
}

/** Room for the packed gradient of a layer's sums. */
function scratchLength({ layer, input, output }: LayerPlan, rows: number): number {
  return packedLength(input.steps * rows, layer.kind === 'lstm' ? 4 * output.width : output.width)
}
