/** A model folder as a FlowJudge: its columns chosen from the flows, its scores, its line. */
import { ModelError } from '../base/errors.ts'
import { BUDGET_FILE, MANIFEST_FILE, parseManifest, readModelFolder, SCOPE_FILE } from '../model/folder.ts'
import { type FolderManifest, isFolderManifest, readFolderManifest } from '../model/folder-manifest.ts'
import { readManifest } from '../model/manifest.ts'
import { type AlarmLines, drawLines } from './alarm-line.ts'
import { type CaseBudget, loadCaseBudget } from './case-budget.ts'
import { selectColumns } from './columns.ts'
import { type FlowJudge, takeRows } from './dataset.ts'
import { rowOf } from './detector.ts'
import { deviceKey } from './device-calibration.ts'
import type { Scorer } from './kind.ts'
import { kindOf } from './kinds.ts'
import { judgeScope, loadScope, type ScopeModel } from './scope.ts'
import type { ThresholdChoice } from './threshold.ts'
import type { TrainerFactory } from './training.ts'

export interface OpenedModel {
  readonly manifest: FolderManifest
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly judge: FlowJudge
}

/**
 * `fetchFile` gives the bytes of a file in the folder; `createTrainer` is the engine that networks run on. Throws ModelError with a sentence;
 * nothing unverified is used.
 */
export async function openModelFolder(
  fetchFile: (path: string) => Promise<Uint8Array>,
  createTrainer?: TrainerFactory,
): Promise<OpenedModel> {
  const { manifest, files } = await readModelFolder(fetchFile)
  const scorer = kindOf(manifest.kind).open(files, manifest.features, createTrainer)
  const scope = openScope(files, manifest.features)
  const bytes = files.get(BUDGET_FILE)
  const budget = bytes && loadCaseBudget(manifest.features, bytes)
  return { manifest, files, judge: judgeOf(manifest, scorer, { scope, budget }) }
}

/** How a model in use draws its lines, from its files, without opening its weights. Throws ModelError with a sentence. */
export function linesOfFiles(files: ReadonlyMap<string, Uint8Array>): {
  readonly name: string
  readonly draw: (choice: ThresholdChoice) => AlarmLines
} {
  const listed = files.get(MANIFEST_FILE)
  if (!listed) throw new ModelError(`this model has no ${MANIFEST_FILE}`)
  const parsed = parseManifest(listed)
  if (!isFolderManifest(parsed)) {
    const { name, version, calibration } = readManifest(parsed)
    const source = { calibration, budget: undefined, highestLine: undefined }
    return { name: `${name} ${version}`, draw: (choice) => drawLines(source, choice) }
  }
  const { name, version, kind, features, calibration } = readFolderManifest(parsed)
  const bytes = files.get(BUDGET_FILE)
  const budget = bytes && loadCaseBudget(features, bytes)
  const source = { calibration, budget, highestLine: kindOf(kind).highestLine }
  return { name: `${name} ${version}`, draw: (choice) => drawLines(source, choice) }
}

/** Throws ModelError while scoring flows that lack a column of the model. */
export function judgeOf(
  { name, version, kind, features, window, threshold, calibration }: Omit<FolderManifest, 'format' | 'files'>,
  scorer: Scorer,
  { scope, budget }: { readonly scope?: ScopeModel | undefined; readonly budget?: CaseBudget | undefined } = {},
): FlowJudge {
  const { highestLine } = kindOf(kind)
  const { families } = scorer
  return {
    name,
    version,
    kind,
    threshold,
    drawLines: (choice) => drawLines({ calibration, budget, highestLine }, choice),
    ...(budget ? { knows: (device) => budget.devices.has(deviceKey(device)) } : {}),
    ...(window > 1 ? { context: window } : {}),
    score: async (data) => scorer.score(selectColumns(data, features)),
    async explain(data, row) {
      if (window > 1) return scorer.explain(selectColumns(data, features), row)
      // One row is all that is looked at: choosing columns for all of them would be most of the time.
      rowOf(data.matrix, row)
      return scorer.explain(selectColumns(takeRows(data, [row]), features), 0)
    },
    ...(scope
      ? {
          scope: (data) => judgeScope(scope, selectColumns(data, features).matrix),
          mostSeen: (feature) => scope.high[features.indexOf(feature)],
        }
      : {}),
    ...(families ? { families: async (data) => families(selectColumns(data, features)) } : {}),
  }
}

/** The scope of a model that has one. Throws ModelError when it is damaged or for other columns. */
function openScope(files: ReadonlyMap<string, Uint8Array>, features: readonly string[]): ScopeModel | undefined {
  const bytes = files.get(SCOPE_FILE)
  if (!bytes) return undefined
  const scope = loadScope(bytes)
  if (scope.features.length === features.length && features.every((name, i) => name === scope.features[i])) return scope
  throw new ModelError('the scope of the model is for other columns than its manifest says')
}
