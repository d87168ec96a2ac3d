/** Any model by name or folder, of either version, verified: for commands that judge whole datasets, and for scans. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelError } from '#core/base/errors.ts'
import type { FlowJudge } from '#core/detect/dataset.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import { judgeOfNetwork } from '#core/detect/network-judge.ts'
import { MANIFEST_FILE, parseManifest } from '#core/model/folder.ts'
import { isFolderManifest } from '#core/model/folder-manifest.ts'
import { SHIPPED_MODEL } from '#core/model/shipped.ts'
import { sha256Hex } from '#core/model/verify.ts'
import type { ScanJudge } from '#core/scan/judge-flows.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { createTrainer } from './engine.ts'
import { findFolder, openModel } from './model.ts'

/** The windows' model of every scan, and the one that speaks in its place when a folder of version 2 was named. */
export async function openScanModels(
  nameOrFolder: string | undefined,
): Promise<{ model: ScanModel; judge: ScanJudge | undefined }> {
  const folder = findFolder(nameOrFolder ?? SHIPPED_MODEL)
  const fetchFile = (path: string) => readFile(join(folder, path))
  const listed = await fetchFile(MANIFEST_FILE)
  if (!isFolderManifest(parseManifest(listed))) return { model: await openModel(folder), judge: undefined }
  const { judge, manifest } = await openModelFolder(fetchFile, createTrainer)
  return { model: await openModel(), judge: { judge, manifest, sha256: await sha256Hex(listed) } }
}

export interface OpenedJudge {
  readonly judge: FlowJudge
  /** Hash of the flows that it learnt from; undefined where the manifest is of version 1. */
  readonly dataSha256: string | undefined
  /** Flows of a device that it judges together. */
  readonly window: number
}

export async function openJudge(nameOrFolder: string | undefined): Promise<OpenedJudge> {
  if (nameOrFolder === undefined) throw new ModelError('say which model is meant with --model DIR or --model NAME')
  const folder = findFolder(nameOrFolder)
  const fetchFile = (path: string) => readFile(join(folder, path))
  if (!isFolderManifest(parseManifest(await fetchFile(MANIFEST_FILE)))) {
    const { manifest, network } = await openModel(folder)
    return { judge: judgeOfNetwork(manifest, network), dataSha256: undefined, window: manifest.window }
  }
  const { judge, manifest } = await openModelFolder(fetchFile, createTrainer)
  return { judge, dataSha256: manifest.dataSha256, window: manifest.window }
}
