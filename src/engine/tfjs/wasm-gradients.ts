/**
 * Two gradients that tfjs 4.22 lacks on its wasm backend, for the images of one row or column that its Conv1D and MaxPooling1D become:
 * - a convolution by its kernel (Conv2DBackpropFilter) is not there, so nothing with a convolution trains;
 * - max-pooling's (MaxPoolGrad) is wrong where the largest value is negative: it differs from the cpu backend's (seen 2026-11-21).
 */
import * as tf from '@tensorflow/tfjs-core'

export function registerWasmGradients(): void {
  if (tf.getKernel('Conv2DBackpropFilter', 'wasm')) return
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc({ inputs: { x, dy }, attrs }) {
      const shape = attrs?.filterShape
      if (!isImage(x) || !isImage(dy) || !isShape(shape))
        throw new Error('expected a convolution’s x, dy and filterShape')
      return tf.tidy(() => byFilter(x, dy, shape))
    },
  })
  tf.unregisterKernel('MaxPoolGrad', 'wasm')
  tf.registerKernel({
    kernelName: 'MaxPoolGrad',
    backendName: 'wasm',
    kernelFunc({ inputs: { input, dy } }) {
      if (!isImage(input) || !isImage(dy)) throw new Error('expected a pool’s input and dy')
      return tf.tidy(() => byPooled(input, dy))
    },
  })
}

/** A product per step of the kernel. */
function byFilter(x: tf.Tensor4D, dy: tf.Tensor4D, [height, taps, inputs, filters]: FilterShape): tf.Tensor {
  const [rows, , steps] = x.shape
  if (height !== 1 || dy.shape[2] !== steps) throw new Error('only Conv1D with the same length out is trained here')
  const before = (taps - 1) >> 1
  const padded = tf.pad(tf.reshape(x, [rows, steps, inputs]), [
    [0, 0],
    [before, taps - 1 - before],
    [0, 0],
  ])
  const gradient = tf.reshape(dy, [rows * steps, filters])
  const byTap = Array.from({ length: taps }, (_, k) => {
    const seen = tf.slice(padded, [0, k, 0], [rows, steps, inputs])
    return tf.matMul(tf.reshape(seen, [rows * steps, inputs]), gradient, true)
  })
  return tf.reshape(tf.stack(byTap), [1, taps, inputs, filters])
}

/** To the larger of each two steps, the first when both are equal. */
function byPooled(input: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor {
  // The other of the two middle sizes is 1, and the numbers lie alike.
  const [rows, height, wide, width] = input.shape
  const steps = height * wide
  const pairs = dy.shape[1] * dy.shape[2]
  if (pairs !== steps >> 1) throw new Error('only pools of two steps are trained here')
  const whole = tf.slice(tf.reshape(input, [rows, steps, width]), [0, 0, 0], [rows, 2 * pairs, width])
  const paired = tf.reshape(whole, [rows, pairs, 2, width])
  const side = (i: number) => tf.slice(paired, [0, 0, i, 0], [rows, pairs, 1, width])
  const gradient = tf.reshape(dy, [rows, pairs, 1, width])
  const toFirst = tf.mul(gradient, tf.cast(tf.greaterEqual(side(0), side(1)), 'float32'))
  const both = tf.reshape(tf.concat([toFirst, tf.sub(gradient, toFirst)], 2), [rows, 2 * pairs, width])
  const padded = tf.pad(both, [
    [0, 0],
    [0, steps - 2 * pairs],
    [0, 0],
  ])
  return tf.reshape(padded, input.shape)
}

type FilterShape = readonly [number, number, number, number]

function isShape(value: unknown): value is FilterShape {
  return Array.isArray(value) && value.length === 4
}

function isImage(value: unknown): value is tf.Tensor4D {
  return value instanceof tf.Tensor && value.rank === 4
}
