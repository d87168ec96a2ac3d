/** Any model by name or folder as a FlowJudge, for the commands that judge whole datasets. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelError } from '#core/base/errors.ts'
import type { FlowJudge } from '#core/detect/dataset.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import { createTrainer } from './engine.ts'
import { findFolder } from './model.ts'

export interface OpenedJudge {
  readonly judge: FlowJudge
  /** Hash of the flows that it learnt from. */
  readonly dataSha256: string
}

export async function openJudge(nameOrFolder: string | undefined): Promise<OpenedJudge> {
  if (nameOrFolder === undefined) throw new ModelError('say which model is meant with --model DIR or --model NAME')
  const folder = findFolder(nameOrFolder)
  const { judge, manifest } = await openModelFolder((path) => readFile(join(folder, path)), createTrainer)
  return { judge, dataSha256: manifest.dataSha256 }
}
