/** The manifest of a model folder, version 2 (docs/formats/model-folder.md): one form for every kind of model that is learnt here. */
import { describe, type Fields, hash, isRecord, number, object, oneOf, refuse, text, texts, whole } from './fields.ts'
import { type Calibration, type FileEntry, filesNamed, readCalibration } from './manifest.ts'

export const FOLDER_FORMAT = 'iot-guardian-model/2'

/** As `guardian train --detector` calls them; `family` names the kind of an attack and tells nothing from usual, `head` stands on another model. */
export const MODEL_KINDS = [
  'nearest',
  'isolation-forest',
  'random-forest',
  'boosting',
  'lstm-autoencoder',
  'cnn-lstm',
  'home',
  'family',
  'head',
] as const
export type ModelKind = (typeof MODEL_KINDS)[number]

export interface FolderManifest {
  readonly format: typeof FOLDER_FORMAT
  readonly name: string
  readonly version: string
  readonly kind: ModelKind
  /** Columns that a flow must have, in the order of the weights; for models of windows, those of each step. */
  readonly features: readonly string[]
  /** Flows that are judged together; 1 for models that judge each flow alone. */
  readonly window: number
  /** The first is the benign one. Just that for models that learn from benign flows alone. */
  readonly classes: readonly string[]
  /** Scores of benign flows (or windows) kept out of training. */
  readonly calibration: Calibration
  /** Scores above it raise a finding: the line of the default alarm budget, as far as the sample can vouch for it. */
  readonly threshold: number
  /** How the line was drawn and what it means, for a person. */
  readonly thresholdText: string
  /** Hash of the flows given, in their order: their columns, counts and row numbers, not their labels. */
  readonly dataSha256: string
  /** Flows learnt from; benign flows given; of these, kept out to calibrate. */
  readonly rows: number
  readonly benignRows: number
  readonly calibrationRows: number
  /** Names of the files and captures that the rows came from. */
  readonly captures: readonly string[]
  /** Classes whose rows were left out of training on purpose. */
  readonly leftOut: readonly string[]
  readonly seed: number
  /** `name version` of the model that this one takes after; null for the first of its line. */
  readonly parent: string | null
  /** What evaluations said, by the name of the file judged: the JSON of `guardian eval`, without `elapsedMs`. */
  readonly metrics: Fields
  /** How its settings were chosen; left out where it has the default ones. */
  readonly search?: SettingsSearch
  /** Left out where the same rows and seed shall give the same bytes. */
  readonly created?: string
  readonly files: readonly FileEntry[]
}

/** What a search for better settings did, for a person. */
export interface SettingsSearch {
  readonly sentences: readonly string[]
  /** One line for each setting tried, in order. */
  readonly trials: readonly string[]
}

/** Reads a manifest from outside. Throws ModelError with a sentence when it is not whole or does not fit together. */
export function readFolderManifest(value: unknown): FolderManifest {
  const top = object(value, 'the manifest')
  const features = texts(top.features, 'features')
  if (features.length === 0) refuse('features', 'at least one column', 'none')
  const twice = features.find((name, i) => features.indexOf(name) !== i)
  if (twice !== undefined) refuse('features', 'each column once', `${twice} twice`)
  const classes = texts(top.classes, 'classes')
  if (classes.length === 0) refuse('classes', 'at least the benign class', 'none')
  const files = filesNamed(value)
  if (files.length === 0) refuse('files', 'at least one file', 'none')
  return {
    format: oneOf(top.format, [FOLDER_FORMAT], 'format'),
    name: plainName(top.name, 'name'),
    version: plainName(top.version, 'version'),
    kind: oneOf(top.kind, MODEL_KINDS, 'kind'),
    features,
    window: whole(top.window, 'window'),
    classes,
    calibration: readCalibration(top.calibration),
    threshold: number(top.threshold, 'threshold'),
    thresholdText: text(top.thresholdText, 'thresholdText'),
    dataSha256: hash(top.dataSha256, 'dataSha256'),
    rows: whole(top.rows, 'rows'),
    benignRows: whole(top.benignRows, 'benignRows'),
    calibrationRows: whole(top.calibrationRows, 'calibrationRows'),
    captures: texts(top.captures, 'captures'),
    leftOut: texts(top.leftOut, 'leftOut'),
    seed: number(top.seed, 'seed'),
    parent: top.parent === null ? null : text(top.parent, 'parent'),
    metrics: object(top.metrics, 'metrics'),
    ...(top.search === undefined ? {} : { search: readSearch(top.search) }),
    ...(top.created === undefined ? {} : { created: text(top.created, 'created') }),
    files,
  }
}

/** True for the newer of the two forms; the older is the shipped autoencoder's. */
export function isFolderManifest(value: unknown): boolean {
  return isRecord(value) && value.format === FOLDER_FORMAT
}

function readSearch(value: unknown): SettingsSearch {
  const { sentences, trials } = object(value, 'search')
  return { sentences: texts(sentences, 'search.sentences'), trials: texts(trials, 'search.trials') }
}

/** Names become folders and appear in files that people are sent. */
function plainName(value: unknown, path: string): string {
  const name = text(value, path)
  return /^[\w][\w.-]{0,63}$/.test(name) ? name : refuse(path, 'a plain name', describe(name))
}
