// One step of an LSTM for all rows of a batch, forward and backward. Gates in Keras' order: input, forget, candidate, output.
// The candidate and the cell's output go through tanh, or through relu as in the shipped autoencoder.
import { put, sigmoid4, tanh4 } from './math'

// @ts-ignore: decorator
@inline
function squash(x: v128, relu: bool): v128 {
  return relu ? f32x4.max(x, f32x4.splat(0)) : tanh4(x)
}

/** What comes back through `squash`, from its value y. */
// @ts-ignore: decorator
@inline
function unsquash(gradient: v128, y: v128, relu: bool): v128 {
  if (relu) return v128.and(gradient, f32x4.gt(y, f32x4.splat(0)))
  return f32x4.mul(gradient, f32x4.sub(f32x4.splat(1), f32x4.mul(y, y)))
}

/** What comes back through a sigmoid, from its value y. */
// @ts-ignore: decorator
@inline
function unsigmoid(gradient: v128, y: v128): v128 {
  return f32x4.mul(gradient, f32x4.mul(y, f32x4.sub(f32x4.splat(1), y)))
}

/**
 * `gates` (rows × 4·units) holds sums and gets the gates' values; `before` is the cell of the step before (0: there is none);
 * `cell`, `squashed` (of the cell) and `output` are rows × units.
 */
// @ts-ignore: decorator
@inline
function forward(relu: bool, rows: i32, units: i32, gates: usize, before: usize, cell: usize, squashed: usize, output: usize): void {
  const bytes = <usize>units << 2
  for (let r: i32 = 0; r < rows; r++) {
    for (let j: i32 = 0; j < units; j += 4) {
      const lanes = units - j
      const at = <usize>j << 2
      const atInput = gates + at
      const atForget = atInput + bytes
      const atCandidate = atForget + bytes
      const atOutput = atCandidate + bytes
      const inGate = sigmoid4(v128.load(atInput))
      const candidate = squash(v128.load(atCandidate), relu)
      const outGate = sigmoid4(v128.load(atOutput))
      let state = f32x4.mul(inGate, candidate)
      if (before) {
        const forget = sigmoid4(v128.load(atForget))
        state = f32x4.add(state, f32x4.mul(forget, v128.load(before + at)))
        put(atForget, forget, lanes)
      }
      const shown = squash(state, relu)
      put(atInput, inGate, lanes)
      put(atCandidate, candidate, lanes)
      put(atOutput, outGate, lanes)
      put(cell + at, state, lanes)
      put(squashed + at, shown, lanes)
      put(output + at, f32x4.mul(outGate, shown), lanes)
    }
    gates += 4 * bytes
    if (before) before += bytes
    cell += bytes
    squashed += bytes
    output += bytes
  }
}

/** Replaces the gates' values by the loss by their sums, and `cellGradient` (rows × units) by that of the step before. */
// @ts-ignore: decorator
@inline
function backward(relu: bool, rows: i32, units: i32, gates: usize, before: usize, squashed: usize, outputGradient: usize, cellGradient: usize): void {
  const bytes = <usize>units << 2
  for (let r: i32 = 0; r < rows; r++) {
    for (let j: i32 = 0; j < units; j += 4) {
      const lanes = units - j
      const at = <usize>j << 2
      const atInput = gates + at
      const atForget = atInput + bytes
      const atCandidate = atForget + bytes
      const atOutput = atCandidate + bytes
      const inGate = v128.load(atInput)
      const candidate = v128.load(atCandidate)
      const outGate = v128.load(atOutput)
      const shown = v128.load(squashed + at)
      const dOutput = v128.load(outputGradient + at)
      const throughOutput = unsquash(f32x4.mul(dOutput, outGate), shown, relu)
      const dCell = f32x4.add(v128.load(cellGradient + at), throughOutput)
      if (before) {
        const forget = v128.load(atForget)
        put(atForget, unsigmoid(f32x4.mul(dCell, v128.load(before + at)), forget), lanes)
        put(cellGradient + at, f32x4.mul(dCell, forget), lanes)
      } else {
        put(atForget, f32x4.splat(0), lanes)
      }
      put(atInput, unsigmoid(f32x4.mul(dCell, candidate), inGate), lanes)
      put(atCandidate, unsquash(f32x4.mul(dCell, inGate), candidate, relu), lanes)
      put(atOutput, unsigmoid(f32x4.mul(dOutput, shown), outGate), lanes)
    }
    gates += 4 * bytes
    if (before) before += bytes
    squashed += bytes
    outputGradient += bytes
    cellGradient += bytes
  }
}

export function cellForward(relu: i32, rows: i32, units: i32, gates: usize, before: usize, cell: usize, squashed: usize, output: usize): void {
  if (relu) forward(true, rows, units, gates, before, cell, squashed, output)
  else forward(false, rows, units, gates, before, cell, squashed, output)
}

export function cellBackward(relu: i32, rows: i32, units: i32, gates: usize, before: usize, squashed: usize, outputGradient: usize, cellGradient: usize): void {
  if (relu) backward(true, rows, units, gates, before, squashed, outputGradient, cellGradient)
  else backward(false, rows, units, gates, before, squashed, outputGradient, cellGradient)
}
