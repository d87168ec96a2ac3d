/** The autoencoder computed one window at a time in float64, straight from the equations of ONNX's LSTM: slow, and plain to check. */
import type { Network } from '#core/detect/network.ts'
import type { LstmWeights } from '../../tools/autoencoder/lstm.ts'
import type { AutoencoderWeights } from '../../tools/autoencoder/network.ts'

export function createReferenceNetwork(weights: AutoencoderWeights, steps: number): Network {
  const features = weights.dense.outputs
  return {
    engine: 'plain',
    batchRows: 16,
    async reconstructionErrors(windows, rows) {
      const errors = new Float32Array(rows * features)
      for (let r = 0; r < rows; r++) {
        const window = Array.from({ length: steps }, (_, t) =>
          Array.from(windows.subarray((r * steps + t) * features, (r * steps + t + 1) * features)),
        )
        const rebuilt = rebuild(weights, window)
        for (let f = 0; f < features; f++) {
          let sum = 0
          for (let t = 0; t < steps; t++) sum += (rebuilt[t]![f]! - window[t]![f]!) ** 2
          errors[r * features + f] = sum / steps
        }
      }
      return errors
    },
    dispose: async () => {},
  }
}

function rebuild(weights: AutoencoderWeights, window: readonly number[][]): number[][] {
  const code = runLstm(weights.layers[1]!, runLstm(weights.layers[0]!, window)).at(-1)!
  const states = runLstm(
    weights.layers[3]!,
    runLstm(
      weights.layers[2]!,
      window.map(() => code),
    ),
  )
  const { outputs, kernel, bias } = weights.dense
  return states.map((state) =>
    Array.from({ length: outputs }, (_, o) =>
      state.reduce((sum, h, i) => sum + h * kernel[i * outputs + o]!, bias[o]!),
    ),
  )
}

function runLstm(weights: LstmWeights, sequence: readonly (readonly number[])[]): number[][] {
  const { units, kernel, recurrent, bias } = weights
  let h = new Array<number>(units).fill(0)
  let c = new Array<number>(units).fill(0)
  return sequence.map((x) => {
    const before = h
    const sum = (gate: number, unit: number) => {
      const column = gate * units + unit
      const fromInput = x.reduce((total, value, i) => total + value * kernel[i * 4 * units + column]!, 0)
      const fromState = before.reduce((total, value, i) => total + value * recurrent[i * 4 * units + column]!, 0)
      return fromInput + fromState + bias[column]!
    }
    c = c.map((cell, u) => sigmoid(sum(1, u)) * cell + sigmoid(sum(0, u)) * Math.max(0, sum(2, u)))
    h = c.map((cell, u) => sigmoid(sum(3, u)) * Math.max(0, cell))
    return h
  })
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}
