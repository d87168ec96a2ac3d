/**
 * The `Trainer` port on tfjs: slower than the kernels on a processor (docs/bench.md), perhaps faster on a real graphics card, and
 * independent of them. Import it lazily: the library is larger than the rest of the page.
 */
import * as tf from '@tensorflow/tfjs-core'
import type * as layers from '@tensorflow/tfjs-layers'
import { type Architecture, initialWeights, type NetworkPlan, planNetwork } from '#core/detect/architecture.ts'
import {
  ADAM,
  adamDecay,
  type Batch,
  checkBatch,
  checkInputs,
  checkLength,
  checkState,
  checkWeights,
  clipScale,
  type Gradients,
  type InputGradients,
  type Trainer,
  type TrainerOptions,
  type TrainerState,
} from '#core/detect/trainer.ts'
import { type BackendChoice, useBackend } from './backend.ts'
import { buildModel } from './model.ts'

export async function createTfjsTrainer(options: TrainerOptions, choice: BackendChoice): Promise<Trainer> {
  await useBackend(choice)
  const trainer = new TfjsTrainer(options, choice)
  await trainer.importWeights(initialWeights(planNetwork(options.architecture), options.seed))
  return trainer
}

class TfjsTrainer implements Trainer {
  readonly parameters: number
  readonly outputs: number
  readonly #options: TrainerOptions
  readonly #choice: BackendChoice
  readonly #architecture: Architecture
  readonly #plan: NetworkPlan
  readonly #model: layers.Sequential
  #means: tf.Tensor[]
  #squares: tf.Tensor[]
  #steps = 0

  constructor(options: TrainerOptions, choice: BackendChoice) {
    this.#options = options
    this.#choice = choice
    this.#architecture = options.architecture
    this.#plan = planNetwork(options.architecture)
    this.parameters = this.#plan.parameters
    this.outputs = this.#plan.output.steps * this.#plan.output.width
    this.#model = buildModel(options.architecture)
    const zeros = new Float32Array(this.parameters)
    this.#means = this.#split(zeros)
    this.#squares = this.#split(zeros)
  }

  async step(batch: Batch): Promise<number> {
    const { loss, gradients } = await this.#differentiate(batch)
    try {
      await this.#stepAdam(gradients)
      const [value] = await loss.data()
      return value!
    } finally {
      tf.dispose([loss, ...gradients])
    }
  }

  async loss(batch: Batch): Promise<number> {
    checkBatch(batch, this.#architecture, this.#plan)
    await useBackend(this.#choice)
    const loss = tf.tidy(() => this.#measure(batch))
    const [value] = await loss.data()
    loss.dispose()
    return value!
  }

  async gradients(batch: Batch): Promise<Gradients> {
    const { loss, gradients } = await this.#differentiate(batch)
    const [value] = await loss.data()
    const values = await this.#join(gradients)
    tf.dispose([loss, ...gradients])
    return { loss: value!, values }
  }

  async apply(gradients: Float32Array): Promise<void> {
    checkLength('gradients', gradients, this.parameters)
    await useBackend(this.#choice)
    const tensors = this.#split(gradients)
    try {
      await this.#stepAdam(tensors)
    } finally {
      tf.dispose(tensors)
    }
  }

  async predict(inputs: Float32Array, rows: number): Promise<Float32Array> {
    checkInputs(inputs, rows, this.#architecture)
    await useBackend(this.#choice)
    const output = tf.tidy(() => {
      const raw = this.#run(inputs, rows)
      return this.#architecture.loss === 'bce' ? tf.sigmoid(raw) : raw
    })
    const values = await output.data<'float32'>()
    output.dispose()
    return values
  }

  async inputGradients(inputs: Float32Array, rows: number): Promise<InputGradients> {
    checkInputs(inputs, rows, this.#architecture)
    await useBackend(this.#choice)
    const { steps, features } = this.#architecture
    const { output, gradient } = tf.tidy(() => {
      const at = tf.tensor3d(inputs, [rows, steps, features])
      const output = this.#apply(at)
      return { output, gradient: tf.grad((x: tf.Tensor) => tf.sum(this.#apply(x)))(at) }
    })
    const outputs = await output.data<'float32'>()
    const values = await gradient.data<'float32'>()
    tf.dispose([output, gradient])
    return { outputs, values }
  }

  async exportWeights(): Promise<Float32Array> {
    await useBackend(this.#choice)
    return this.#join(this.#model.trainableWeights.map((weight) => weight.read()))
  }

  async importWeights(weights: Float32Array): Promise<void> {
    checkWeights(weights, this.parameters)
    await useBackend(this.#choice)
    const tensors = this.#split(weights)
    this.#model.setWeights(tensors)
    tf.dispose(tensors)
  }

  async saveState(): Promise<TrainerState> {
    const weights = await this.exportWeights()
    const means = await this.#join(this.#means)
    return { weights, means, squares: await this.#join(this.#squares), steps: this.#steps }
  }

  async restoreState(state: TrainerState): Promise<void> {
    checkState(state, this.parameters)
    await this.importWeights(state.weights)
    tf.dispose([...this.#means, ...this.#squares])
    this.#means = this.#split(state.means)
    this.#squares = this.#split(state.squares)
    this.#steps = state.steps
  }

  async dispose(): Promise<void> {
    tf.dispose([...this.#means, ...this.#squares])
    this.#model.dispose()
  }

  async #differentiate(batch: Batch): Promise<{ loss: tf.Scalar; gradients: tf.Tensor[] }> {
    checkBatch(batch, this.#architecture, this.#plan)
    await useBackend(this.#choice)
    const { value, grads } = tf.variableGrads(() => this.#measure(batch))
    return { loss: value, gradients: this.#model.trainableWeights.map((weight) => grads[weight.name]!) }
  }

  #measure({ rows, inputs, targets, rowWeights }: Batch): tf.Scalar {
    const output = tf.reshape(this.#run(inputs, rows), [rows, this.outputs])
    const target = tf.tensor2d(targets, [rows, this.outputs])
    const each = this.#architecture.loss === 'mse' ? tf.squaredDifference(output, target) : crossEntropy(output, target)
    const weighted = rowWeights ? tf.mul(each, tf.tensor2d(rowWeights, [rows, 1])) : each
    return tf.mean(weighted)
  }

  #run(inputs: Float32Array, rows: number): tf.Tensor {
    const { steps, features } = this.#architecture
    return this.#apply(tf.tensor3d(inputs, [rows, steps, features]))
  }

  #apply(inputs: tf.Tensor): tf.Tensor {
    const output = this.#model.apply(inputs, { training: true })
    if (!(output instanceof tf.Tensor)) throw new Error('a network with one output gave another number of them')
    return output
  }

  async #stepAdam(gradients: readonly tf.Tensor[]): Promise<void> {
    const squared = tf.tidy(() => tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))))
    const [sum] = await squared.data()
    squared.dispose()
    const scale = clipScale(Math.sqrt(sum!), this.#options, this.#steps)
    this.#steps++
    const { beta1, beta2, epsilon } = ADAM
    const decay = adamDecay(this.#steps)
    const rate = this.#options.learningRate / (1 - decay.mean)
    const spread = 1 / Math.sqrt(1 - decay.square)
    this.#model.trainableWeights.forEach((weight, i) => {
      const [mean, square] = tf.tidy(() => {
        const gradient = tf.mul(gradients[i]!, scale)
        const mean = tf.add(tf.mul(this.#means[i]!, beta1), tf.mul(gradient, 1 - beta1))
        const square = tf.add(tf.mul(this.#squares[i]!, beta2), tf.mul(tf.square(gradient), 1 - beta2))
        const size = tf.add(tf.mul(tf.sqrt(square), spread), epsilon)
        weight.write(tf.sub(weight.read(), tf.div(tf.mul(mean, rate), size)))
        return [mean, square]
      })
      tf.dispose([this.#means[i]!, this.#squares[i]!])
      this.#means[i] = mean!
      this.#squares[i] = square!
    })
  }

  /** One tensor per weight of the model, from the flat array. */
  #split(flat: Float32Array): tf.Tensor[] {
    return this.#plan.layers.flatMap(({ tensors }) =>
      tensors.map(({ offset, shape }) => {
        const length = shape.reduce((product, size) => product * size, 1)
        return tf.tensor(flat.slice(offset, offset + length), [...shape])
      }),
    )
  }

  async #join(tensors: readonly tf.Tensor[]): Promise<Float32Array> {
    const flat = new Float32Array(this.parameters)
    let at = 0
    for (const tensor of tensors) {
      const values = await tensor.data()
      flat.set(values, at)
      at += values.length
    }
    return flat
  }
}

/** From what goes into the sigmoid, without overflow. */
function crossEntropy(output: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const tail = tf.log1p(tf.exp(tf.neg(tf.abs(output))))
  return tf.add(tf.sub(tf.relu(output), tf.mul(output, target)), tail)
}
