/**
 * One trainer out of several, each with its own core: a batch is cut into parts of a fixed size, whose gradients are averaged in the order
 * of the parts. The bytes that come out therefore do not depend on how many trainers there are. Every trainer takes every step, so all hold
 * the same weights.
 */
import type { Batch, Gradients, Trainer } from './trainer.ts'

/** Of larger parts there are too few for four cores, of smaller ones too many messages (bench/shards.bench.ts). */
export const PART_ROWS = 64

/** From this batch on a second core makes a step of either network at least 1.5 × as fast; at 32 rows of the CNN-LSTM it makes it slower. */
export const LEAST_SHARED_ROWS = 128

/** What a helper on another core does. Made with the same options. */
export type ShardTrainer = Pick<Trainer, 'gradients' | 'apply' | 'importWeights' | 'restoreState' | 'dispose'>

/** `first` is on this thread: it is called last, so that the others work meanwhile. */
export function shardedTrainer(first: Trainer, others: readonly ShardTrainer[], partRows = PART_ROWS): Trainer {
  const farthestFirst: readonly ShardTrainer[] = [...others, first]
  const everyone = (ask: (trainer: ShardTrainer) => Promise<void>) => settle(farthestFirst.map(ask))

  const gradients = async (batch: Batch): Promise<Gradients> => {
    const parts = cutBatch(batch, partRows)
    const found = new Array<Gradients>(parts.length)
    const share = Math.ceil(parts.length / farthestFirst.length)
    const work = async (trainer: ShardTrainer, place: number) => {
      for (let at = place * share; at < Math.min(parts.length, (place + 1) * share); at++) {
        found[at] = await trainer.gradients(parts[at]!)
      }
    }
    await settle(farthestFirst.map(work))
    return average(found, parts)
  }
  const apply = (values: Float32Array) => everyone((trainer) => trainer.apply(values))

  return {
    parameters: first.parameters,
    outputs: first.outputs,
    gradients,
    apply,
    async step(batch) {
      const { loss, values } = await gradients(batch)
      await apply(values)
      return loss
    },
    loss: (batch) => first.loss(batch),
    predict: (inputs, rows) => first.predict(inputs, rows),
    inputGradients: (inputs, rows) => first.inputGradients(inputs, rows),
    exportWeights: () => first.exportWeights(),
    importWeights: (weights) => everyone((trainer) => trainer.importWeights(weights)),
    saveState: () => first.saveState(),
    restoreState: (state) => everyone((trainer) => trainer.restoreState(state)),
    dispose: () => everyone((trainer) => trainer.dispose()),
  }
}

/** As views of the batch. */
function cutBatch({ rows, inputs, targets, rowWeights }: Batch, partRows: number): Batch[] {
  const parts: Batch[] = []
  for (let from = 0; from < rows; from += partRows) {
    const to = Math.min(rows, from + partRows)
    const cut = (values: Float32Array) => {
      const width = values.length / rows
      return values.subarray(from * width, to * width)
    }
    parts.push({
      rows: to - from,
      inputs: cut(inputs),
      targets: cut(targets),
      ...(rowWeights ? { rowWeights: cut(rowWeights) } : undefined),
    })
  }
  return parts
}

/** Means over rows, of means over each part's. */
function average(found: readonly Gradients[], parts: readonly Batch[]): Gradients {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  const values = new Float32Array(found[0]!.values.length)
  let loss = 0
  found.forEach((part, i) => {
    const share = parts[i]!.rows / rows
    loss += share * part.loss
    const from = part.values
    for (let k = 0; k < values.length; k++) values[k] = values[k]! + share * from[k]!
  })
  return { loss, values }
}

/** Waits for all, also when one fails: nobody is left in the middle of a step. */
async function settle(running: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(running)
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}
