/** Any model by name or folder as a FlowJudge, for the commands that judge whole datasets. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelError } from '#core/base/errors.ts'
import type { FlowJudge } from '#core/detect/dataset.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import { judgeOfNetwork } from '#core/detect/network-judge.ts'
import { MANIFEST_FILE, parseManifest } from '#core/model/folder.ts'
import { isFolderManifest } from '#core/model/folder-manifest.ts'
import { createTrainer } from './engine.ts'
import { findFolder, openModel } from './model.ts'

export interface OpenedJudge {
  readonly judge: FlowJudge
  /** Hash of the flows that it learnt from; undefined where the manifest is of version 1. */
  readonly dataSha256: string | undefined
}

export async function openJudge(nameOrFolder: string | undefined): Promise<OpenedJudge> {
  if (nameOrFolder === undefined) throw new ModelError('say which model is meant with --model DIR or --model NAME')
  const folder = findFolder(nameOrFolder)
  const fetchFile = (path: string) => readFile(join(folder, path))
  if (!isFolderManifest(parseManifest(await fetchFile(MANIFEST_FILE)))) {
    const { manifest, network } = await openModel(folder)
    return { judge: judgeOfNetwork(manifest, network), dataSha256: undefined }
  }
  const { judge, manifest } = await openModelFolder(fetchFile, createTrainer)
  return { judge, dataSha256: manifest.dataSha256 }
}
