/** `guardian train`: a model folder learnt from files, what the page does when its owner says "learn". */
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '#core/base/errors.ts'
import { plural } from '#core/base/format.ts'
import { type LearnRequest, learn } from '#core/detect/catalogue.ts'
import type { FlowDataset } from '#core/detect/dataset.ts'
import { LEARNABLE_KINDS } from '#core/detect/kinds.ts'
import { describeSettings } from '#core/detect/tuning.ts'
import { type SearchOptions, type SearchProgress, searchSettings } from '#core/evaluate/search.ts'
import { searchWords } from '#core/evaluate/search-words.ts'
import { MANIFEST_FILE, readModelFolder, writeModelFolder } from '#core/model/folder.ts'
import { collectFiles } from './collect.ts'
import { createTrainer } from './engine.ts'
import { findFolder } from './model.ts'

export interface TrainArguments {
  readonly detector: string | undefined
  readonly label: string | undefined
  readonly benign: string | undefined
  readonly leaveOut: readonly string[]
  readonly seed: string | undefined
  /** Minutes. */
  readonly search: string | undefined
  readonly trials: string | undefined
  /** Of a head: the model that it stands on. */
  readonly base: string | undefined
  readonly out: string | undefined
}

const MOST_MINUTES = 24 * 60

export async function runTrain(files: readonly string[], args: TrainArguments): Promise<void> {
  const kind = LEARNABLE_KINDS.find((name) => name === args.detector)
  if (!kind) {
    const came = args.detector === undefined ? '' : `, not ${JSON.stringify(args.detector)}`
    throw new InputError(`guardian train needs --detector: one of ${LEARNABLE_KINDS.join(', ')}${came}`)
  }
  const seed = readSeed(args.seed)
  const out = readOut(args.out)
  const ends = readEnds(args)
  const data = await collectFiles(files, args)
  const { leaveOut } = args
  const taught = await readBase(kind, args.base)
  const found = ends && (await search(data, { ...ends, kind, seed, leaveOut, createTrainer }))
  const model = await learn(data, {
    kind,
    seed,
    leaveOut,
    createTrainer,
    onProgress: showProgress,
    ...taught,
    ...found,
  })
  clearProgress()
  const folder = await writeModelFolder(model)
  await mkdir(out, { recursive: true })
  for (const [path, bytes] of folder) await writeFile(join(out, path), bytes)
  const { manifest } = model
  console.log(
    `${manifest.kind}: learnt from ${plural(manifest.rows, 'flow')} in ${plural(manifest.features.length, 'column')}, ${plural(manifest.calibrationRows, 'benign flow')} kept out for the alarm line.`,
  )
  for (const sentence of manifest.search?.sentences ?? []) console.log(sentence)
  console.log(manifest.thresholdText)
  console.log(`Written to ${out}: ${[...folder.keys()].join(', ')}.`)
}

/** Ctrl+C ends the search, not the command: the best settings so far are learnt. */
async function search(
  data: FlowDataset,
  options: Omit<SearchOptions, 'now' | 'signal' | 'onProgress'>,
): Promise<Pick<LearnRequest, 'options' | 'search'>> {
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  try {
    const report = await searchSettings(data, {
      ...options,
      now: () => performance.now(),
      signal: stop.signal,
      onProgress: async (progress) => {
        showSearch(progress)
        // Learning never waits for anything: an interruption would not be heard
        await new Promise((resolve) => setImmediate(resolve))
      },
    })
    clearProgress()
    return { options: report.trials[report.winner]?.settings, search: searchWords(report) }
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

/** The folder that a head stands on, whole, and its name as the parent. */
async function readBase(kind: string, base: string | undefined): Promise<Pick<LearnRequest, 'options' | 'parent'>> {
  if (kind !== 'head') {
    if (base === undefined) return {}
    throw new InputError('--base is for --detector head: the model that it stands on')
  }
  if (base === undefined) throw new InputError('a head needs --base NAME|DIR: the model that it stands on')
  const folder = findFolder(base)
  const { manifest } = await readModelFolder((path) => readFile(join(folder, path)))
  const paths = [MANIFEST_FILE, ...manifest.files.map(({ path }) => path)]
  const files = await Promise.all(
    paths.map(async (path) => [path, new Uint8Array(await readFile(join(folder, path)))] as const),
  )
  return { options: { base: new Map(files) }, parent: `${manifest.name} ${manifest.version}` }
}

/** Undefined: no search was asked for. */
function readEnds({ search, trials }: TrainArguments): Pick<SearchOptions, 'budgetMs' | 'trials'> | undefined {
  if (search === undefined && trials === undefined) return undefined
  const minutes = search === undefined ? undefined : Number(search)
  if (minutes !== undefined && !(minutes > 0 && minutes <= MOST_MINUTES))
    throw new InputError(`--search is minutes above 0, at most ${MOST_MINUTES}; ${JSON.stringify(search)} is not`)
  const count = trials === undefined ? undefined : Number(trials)
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 2))
    throw new InputError(
      `--trials is a whole number of at least 2, of which the default is one; ${JSON.stringify(trials)} is not`,
    )
  return { budgetMs: minutes === undefined ? undefined : minutes * 60_000, trials: count }
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

function showSearch({ trial, trials, best, bestScore }: SearchProgress): void {
  if (!process.stderr.isTTY) return
  const of = trials === undefined ? '' : ` of ${trials}`
  const score = bestScore === undefined ? '' : `; best so far ${bestScore.toFixed(3)}, ${describeSettings(best)}`
  process.stderr.write(`\r\u001b[KSearching, setting ${trial}${of}${score}`)
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}
