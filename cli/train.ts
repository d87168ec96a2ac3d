/** `guardian train`: a model folder learnt from files, what the page does when its owner says "learn". */
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '#core/base/errors.ts'
import { plural } from '#core/base/format.ts'
import { learn } from '#core/detect/catalogue.ts'
import { LEARNABLE_KINDS } from '#core/detect/kinds.ts'
import { MANIFEST_FILE, writeModelFolder } from '#core/model/folder.ts'
import { collectFiles } from './collect.ts'
import { createTrainer } from './engine.ts'

export interface TrainArguments {
  readonly detector: string | undefined
  readonly label: string | undefined
  readonly benign: string | undefined
  readonly leaveOut: readonly string[]
  readonly seed: string | undefined
  readonly out: string | undefined
}

export async function runTrain(files: readonly string[], args: TrainArguments): Promise<void> {
  const kind = LEARNABLE_KINDS.find((name) => name === args.detector)
  if (!kind) {
    const came = args.detector === undefined ? '' : `, not ${JSON.stringify(args.detector)}`
    throw new InputError(`guardian train needs --detector: one of ${LEARNABLE_KINDS.join(', ')}${came}`)
  }
  const seed = readSeed(args.seed)
  const out = readOut(args.out)
  const data = await collectFiles(files, args)
  const model = await learn(data, { kind, seed, leaveOut: args.leaveOut, createTrainer, onProgress: showProgress })
  clearProgress()
  const folder = await writeModelFolder(model)
  await mkdir(out, { recursive: true })
  for (const [path, bytes] of folder) await writeFile(join(out, path), bytes)
  const { manifest } = model
  console.log(
    `${manifest.kind}: learnt from ${plural(manifest.rows, 'flow')} in ${plural(manifest.features.length, 'column')}, ${plural(manifest.calibrationRows, 'benign flow')} kept out for the alarm line.`,
  )
  console.log(manifest.thresholdText)
  console.log(`Written to ${out}: ${[...folder.keys()].join(', ')}.`)
}

function readSeed(text: string | undefined): number {
  const seed = Number(text ?? 1)
  if (Number.isSafeInteger(seed) && seed >= 0 && text !== '') return seed
  throw new InputError(`--seed is a whole number of 0 or more, such as 1; ${JSON.stringify(text)} is not`)
}

/** A folder with other things in it is not written to; one with a model is, because training again is usual. */
function readOut(out: string | undefined): string {
  if (out === undefined || out === '') throw new InputError('guardian train needs --out DIR: the folder to write to')
  if (existsSync(out) && !existsSync(join(out, MANIFEST_FILE)) && readdirSync(out).length > 0)
    throw new InputError(`${out} holds files that are no model; give a new or empty folder`)
  return out
}

function showProgress(done: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[KLearning ${Math.round((100 * done) / total)} %`)
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}
