/** The `Network` port on onnxruntime-web: WebAssembly, one thread (more threads make a network this small slower). */
import * as ort from 'onnxruntime-web/wasm'
import { ModelError } from '#core/base/errors.ts'
import type { Network } from '#core/detect/network.ts'

export interface OnnxNetworkOptions {
  /** Verified bytes of an ONNX file with the input `windows` and the output `errors`. */
  readonly model: Uint8Array
  readonly steps: number
  readonly features: number
  /** Where the runtime's own .wasm comes from: its bytes (Node), or its address (a worker in the page). */
  readonly wasm: { readonly binary: Uint8Array } | { readonly url: string }
}

/** Measured in bench/score.bench.ts: larger batches fall out of the cache. */
const BATCH_ROWS = 256

/** Throws ModelError when the runtime refuses the file, or the file is another network than the manifest says. */
export async function createOnnxNetwork({ model, steps, features, wasm }: OnnxNetworkOptions): Promise<Network> {
  ort.env.wasm.numThreads = 1
  if ('binary' in wasm) ort.env.wasm.wasmBinary = wasm.binary
  else ort.env.wasm.wasmPaths = { wasm: wasm.url }
  const session = await openSession(model)
  return {
    engine: 'onnxruntime-wasm',
    batchRows: BATCH_ROWS,
    async reconstructionErrors(windows, rows) {
      if (windows.length !== rows * steps * features) {
        throw new Error(
          `${rows} windows of ${steps} × ${features} need ${rows * steps * features} numbers, got ${windows.length}`,
        )
      }
      const input = new ort.Tensor('float32', windows, [rows, steps, features])
      const { errors } = await session.run({ windows: input }, ['errors'])
      if (!(errors?.data instanceof Float32Array)) throw new ModelError('the model gave no errors of type float32')
      return errors.data
    },
    dispose: () => session.release(),
  }
}

async function openSession(model: Uint8Array): Promise<ort.InferenceSession> {
  let session: ort.InferenceSession
  try {
    session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' })
  } catch (error) {
    throw new ModelError(`the model could not be opened: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (!session.inputNames.includes('windows') || !session.outputNames.includes('errors')) {
    const has = `${session.inputNames.join(', ')} → ${session.outputNames.join(', ')}`
    await session.release()
    throw new ModelError(`the model should turn windows into errors; it has ${has}`)
  }
  return session
}
