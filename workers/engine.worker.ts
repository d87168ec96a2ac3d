/** Tries the engines on this machine when a person asks: which scores, and which learns, fastest and rightly. Loads much; ended after use. */
import { expose } from 'comlink'
import webGpuUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import { lstmAutoencoder } from '#core/detect/architecture.ts'
import { readKnownNetwork } from '#core/detect/known-network.ts'
import { loadModel } from '#core/model/load.ts'
import { SHIPPED_MODEL_FOLDER } from '#core/model/shipped.ts'
import { keepLedger } from '#db/ledger.ts'
import { chooseEngine, type EngineCandidate, type EngineChoice } from '#engine/choose.ts'
import { chooseTrainer, type TrainerCandidate, type TrainerChoice } from '#engine/choose-trainer.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import kernelsUrl from '#engine/kernels/kernels.wasm?url'
import { createKernelNetwork } from '#engine/kernels/network.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { requireGraphics } from './graphics.ts'
import { ownFiles } from './own-files.ts'
import { tfjsTrainers } from './trainers.ts'
import { allowOwnWorkers } from './trusted-types.ts'

allowOwnWorkers()
keepLedger('worker')

const address = (url: string) => new URL(url, self.location.href).href

const api = {
  /** On the shipped model. `base`: absolute address of the app's root, ending in `/`. */
  async checkEngines(base: string): Promise<EngineChoice> {
    const { manifest, network: model } = await loadModel((path) => ownFiles(base)(SHIPPED_MODEL_FOLDER + path))
    const shape = { steps: manifest.window, features: manifest.scaler.mean.length }
    const runtime: EngineCandidate = {
      engine: 'onnxruntime-wasm',
      async open() {
        const { createOnnxNetwork } = await import('#engine/onnx/network.ts')
        return createOnnxNetwork({ model, ...shape, wasm: { url: address(wasmUrl) } })
      },
    }
    const kernels: EngineCandidate = {
      engine: 'kernels',
      async open() {
        const known = readKnownNetwork(model)
        if (!known) throw new Error('this model is none that the app’s own kernels know')
        return createKernelNetwork(known, await compileKernels({ url: address(kernelsUrl) }))
      },
    }
    const graphics: EngineCandidate = {
      engine: 'onnxruntime-webgpu',
      async open() {
        await requireGraphics()
        const { createWebGpuNetwork } = await import('#engine/onnx/webgpu.ts')
        return createWebGpuNetwork({ model, ...shape, url: address(webGpuUrl) })
      },
    }
    return chooseEngine([runtime, kernels, graphics], shape)
  },

  /** On the network that the app learns of a home's flows. */
  async checkTrainers(): Promise<TrainerChoice> {
    const architecture = lstmAutoencoder({ steps: 10, features: 4 })
    const options = { architecture, seed: 1, learningRate: 1e-3, maxGradientNorm: undefined }
    const kernels: TrainerCandidate = {
      engine: 'kernels',
      open: async () => createKernelTrainer(options, await compileKernels({ url: address(kernelsUrl) })),
    }
    const tfjs = (backend: 'webgl' | 'webgpu'): TrainerCandidate => ({
      engine: `tfjs-${backend}`,
      open: () => tfjsTrainers(backend)(options),
    })
    return chooseTrainer([kernels, tfjs('webgl'), tfjs('webgpu')], { architecture })
  },
}

export type EngineApi = typeof api
expose(api)
