// What the trainer calls. Addresses are bytes in the module's own memory, which holds nothing else from `heapBase` on.
export { pack, multiply } from './multiply'
export { cellForward, cellBackward } from './cell'
export { exchange, addColumns, addTo, relu, reluBackward, sigmoid, sigmoidBackward, larger, largerBackward } from './layers'
export { squaredError, crossEntropy, sumSquares, adam } from './learn'

export function heapBase(): usize {
  return __heap_base
}
