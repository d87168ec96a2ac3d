/** A model's files as something that judges flows, of either form of manifest. */
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import type { FlowJudge } from '#core/detect/dataset.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import { judgeOfNetwork } from '#core/detect/network-judge.ts'
import { MANIFEST_FILE, parseManifest } from '#core/model/folder.ts'
import { type FolderManifest, isFolderManifest } from '#core/model/folder-manifest.ts'
import { loadModel } from '#core/model/load.ts'
import kernelsUrl from '#engine/kernels/kernels.wasm?url'
import { openNetwork } from '#engine/open-network.ts'
import { createTrainer } from './engine.ts'

export interface OpenedJudge {
  readonly judge: FlowJudge
  /** Flows of a device that it judges together. */
  readonly window: number
  /** Undefined for the older form, whose scores a scan tells as they are. */
  readonly manifest: FolderManifest | undefined
}

/** Throws ModelError with a sentence; nothing unverified is used. */
export async function openJudge(fetchFile: (path: string) => Promise<Uint8Array>): Promise<OpenedJudge> {
  if (isFolderManifest(parseManifest(await fetchFile(MANIFEST_FILE)))) {
    const { judge, manifest } = await openModelFolder(fetchFile, createTrainer)
    return { judge, window: manifest.window, manifest }
  }
  const { manifest, network } = await loadModel(fetchFile)
  const opened = await openNetwork({
    model: network,
    steps: manifest.window,
    features: manifest.scaler.mean.length,
    wasm: { url: new URL(wasmUrl, self.location.href).href },
    kernels: { url: new URL(kernelsUrl, self.location.href).href },
  })
  return { judge: judgeOfNetwork(manifest, opened), window: manifest.window, manifest: undefined }
}
