/** The compiled kernels (assembly/): loading them, and what each is called with. What they do is said there. */

/** Where kernels.wasm comes from: its bytes (Node), or its address (a worker in the page). */
export type KernelSource = { readonly binary: Uint8Array<ArrayBuffer> } | { readonly url: string }

/** In bytes, in the module's own memory. */
export type Address = number

/** Arguments by position: objects cost more than the smallest of these calls. */
export interface Kernels {
  readonly memory: WebAssembly.Memory
  heapBase(): Address
  pack(inner: number, columns: number, b: Address, rowStep: number, columnStep: number, packed: Address): void
  multiply(
    rows: number,
    columns: number,
    inner: number,
    a: Address,
    rowStep: number,
    innerStep: number,
    packed: Address,
    packedInner: number,
    start: Address,
    startStep: number,
    c: Address,
    cStep: number,
  ): void
  cellForward(
    relu: number,
    rows: number,
    units: number,
    gates: Address,
    before: Address,
    cell: Address,
    squashed: Address,
    output: Address,
  ): void
  cellBackward(
    relu: number,
    rows: number,
    units: number,
    gates: Address,
    before: Address,
    squashed: Address,
    outputGradient: Address,
    cellGradient: Address,
  ): void
  exchange(rows: number, steps: number, width: number, from: Address, to: Address): void
  addColumns(rows: number, width: number, values: Address, sums: Address): void
  addTo(length: number, to: Address, from: Address): void
  relu(length: number, values: Address): void
  reluBackward(length: number, values: Address, gradients: Address): void
  sigmoid(length: number, values: Address): void
  sigmoidBackward(length: number, values: Address, gradients: Address): void
  larger(length: number, first: Address, second: Address, to: Address): void
  largerBackward(
    length: number,
    first: Address,
    second: Address,
    gradient: Address,
    toFirst: Address,
    toSecond: Address,
  ): void
  squaredError: Loss
  crossEntropy: Loss
  sumSquares(length: number, values: Address): number
  adam(
    length: number,
    values: Address,
    gradients: Address,
    means: Address,
    squares: Address,
    scale: number,
    rate: number,
    spread: number,
    beta1: number,
    beta2: number,
    epsilon: number,
  ): void
}

type Loss = (
  steps: number,
  rows: number,
  width: number,
  outputs: Address,
  targets: Address,
  weights: Address,
  scale: number,
  gradients: Address,
) => number

const FUNCTIONS: readonly Exclude<keyof Kernels, 'memory'>[] = [
  'heapBase',
  'pack',
  'multiply',
  'cellForward',
  'cellBackward',
  'exchange',
  'addColumns',
  'addTo',
  'relu',
  'reluBackward',
  'sigmoid',
  'sigmoidBackward',
  'larger',
  'largerBackward',
  'squaredError',
  'crossEntropy',
  'sumSquares',
  'adam',
]

/** Compiled once; a module may be sent to other workers and serves any number of trainers. */
export async function compileKernels(source: KernelSource): Promise<WebAssembly.Module> {
  if ('binary' in source) return WebAssembly.compile(source.binary)
  const response = await fetch(source.url)
  if (!response.ok) throw new Error(`the training kernels could not be loaded: ${response.status}`)
  return WebAssembly.compile(await response.arrayBuffer())
}

/** With a memory of their own. */
export async function startKernels(module: WebAssembly.Module): Promise<Kernels> {
  const { exports } = await WebAssembly.instantiate(module)
  if (!isKernels(exports)) throw new Error('kernels.wasm is of another version than the code that calls it')
  return exports
}

function isKernels(exports: object): exports is Kernels {
  const has = (name: string) => Reflect.get(exports, name)
  return has('memory') instanceof WebAssembly.Memory && FUNCTIONS.every((name) => typeof has(name) === 'function')
}
