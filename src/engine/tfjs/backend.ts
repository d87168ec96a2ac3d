/** Where tfjs computes. Each backend is loaded when it is first asked for; the library has one in use at a time. */
import * as tf from '@tensorflow/tfjs-core'
import { registerWasmGradients } from './wasm-gradients.ts'

export type Backend = 'cpu' | 'wasm' | 'webgl' | 'webgpu'

export interface BackendChoice {
  readonly backend: Backend
  /** For `wasm` in a page: the addresses of the package's .wasm files, by name. Node finds them by itself. */
  readonly wasmFiles?: Readonly<Record<string, string>>
}

/** Throws when this machine or browser does not have the backend. */
export async function useBackend({ backend, wasmFiles }: BackendChoice): Promise<void> {
  if (tf.getBackend() === backend) return
  tf.enableProdMode()
  await LOAD[backend](wasmFiles)
  const isThere = await tf.setBackend(backend).catch(() => false)
  if (!isThere) throw new Error(`tfjs has no ${backend} on this machine`)
  await tf.ready()
}

const LOAD: Record<Backend, (wasmFiles: BackendChoice['wasmFiles']) => Promise<unknown>> = {
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
  webgl: () => import('@tensorflow/tfjs-backend-webgl'),
  webgpu: () => import('@tensorflow/tfjs-backend-webgpu'),
  async wasm(wasmFiles) {
    const { setThreadsCount, setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
    if (wasmFiles) setWasmPaths({ ...wasmFiles })
    // More threads make networks this small slower.
    setThreadsCount(1)
    registerWasmGradients()
  },
}
