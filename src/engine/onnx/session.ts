/** A model in onnxruntime-web, whichever of its builds and providers runs it. */
import type * as ort from 'onnxruntime-web/wasm'
import { ModelError } from '#core/base/errors.ts'
import type { Network } from '#core/detect/network.ts'

export interface OnnxModel {
  /** Verified bytes of an ONNX file with the input `windows` and the output `errors`. */
  readonly model: Uint8Array
  readonly steps: number
  readonly features: number
}

/** Measured in bench/score.bench.ts: larger batches fall out of the cache. */
const BATCH_ROWS = 256

export async function openSession(
  runtime: Pick<typeof ort, 'InferenceSession' | 'Tensor'>,
  { model, steps, features }: OnnxModel,
  provider: 'wasm' | 'webgpu',
): Promise<Network> {
  const session = await createSession(runtime, model, provider)
  return {
    engine: `onnxruntime-${provider}`,
    batchRows: BATCH_ROWS,
    async reconstructionErrors(windows, rows) {
      if (windows.length !== rows * steps * features) {
        throw new Error(
          `${rows} windows of ${steps} × ${features} need ${rows * steps * features} numbers, got ${windows.length}`,
        )
      }
      const input = new runtime.Tensor('float32', windows, [rows, steps, features])
      const { errors } = await session.run({ windows: input }, ['errors'])
      if (!(errors?.data instanceof Float32Array)) throw new ModelError('the model gave no errors of type float32')
      return errors.data
    },
    dispose: () => session.release(),
  }
}

async function createSession(
  runtime: Pick<typeof ort, 'InferenceSession'>,
  model: Uint8Array,
  provider: 'wasm' | 'webgpu',
): Promise<ort.InferenceSession> {
  let session: ort.InferenceSession
  try {
    session = await runtime.InferenceSession.create(model, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
    })
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
