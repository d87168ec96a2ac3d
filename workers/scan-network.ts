/** The network of a scan on the engine that fits it, with one copy for each core. */
import webGpuUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import { readKnownNetwork } from '#core/detect/known-network.ts'
import type { LoadedModel } from '#core/model/load.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { chooseEngine } from '#engine/choose.ts'
import kernelsUrl from '#engine/kernels/kernels.wasm?url'
import { type NetworkOptions, openNetwork } from '#engine/open-network.ts'
import { hasGraphics } from './graphics.ts'
import { createScorePool } from './score-pool.ts'

const address = (url: string) => new URL(url, self.location.href).href

/** Throws ModelError when no engine can use the network. */
export async function openScanModel(
  { manifest, network: model, sha256 }: LoadedModel,
  cores: number,
): Promise<ScanModel> {
  const options: NetworkOptions = {
    model,
    steps: manifest.window,
    features: manifest.scaler.mean.length,
    wasm: { url: address(wasmUrl) },
    kernels: { url: address(kernelsUrl) },
  }
  const network = (await onGraphics(options)) ?? (await createScorePool(options, cores))
  return { manifest, sha256, network }
}

/** Of a network that our kernels do not know: on the graphics processor where it agrees with WebAssembly on this machine and is faster. */
async function onGraphics({ kernels, ...options }: NetworkOptions): Promise<ScanModel['network'] | undefined> {
  if (readKnownNetwork(options.model) || !(await hasGraphics())) return undefined
  const open = async () => {
    const { createWebGpuNetwork } = await import('#engine/onnx/webgpu.ts')
    return createWebGpuNetwork({ ...options, url: address(webGpuUrl) })
  }
  const { name } = await chooseEngine(
    [
      { engine: 'onnxruntime-wasm', open: () => openNetwork({ kernels, ...options }) },
      { engine: 'onnxruntime-webgpu', open },
    ],
    options,
  )
  return name === 'onnxruntime-webgpu' ? open() : undefined
}
