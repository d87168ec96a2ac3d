/**
 * The settings of each kind that are worth searching, and the values worth trying. The first value of each is the default, so that the first
 * of all combinations is what learning does anyway.
 */
import type { ModelKind } from '../model/folder-manifest.ts'

/** Undefined leaves a setting to the detector. */
export type Setting = number | boolean | string | undefined
export type Settings = Readonly<Record<string, Setting>>

export interface TuningTable {
  readonly values: Readonly<Record<string, readonly [Setting, ...Setting[]]>>
  /** What a cheap first look leaves out: most of the training rows, or most of the rounds of a network, whose windows need neighbours. */
  readonly spare: 'rows' | 'epochs'
}

const NETWORK: TuningTable = {
  values: {
    learningRate: [0.001, 0.0003, 0.0005, 0.002, 0.005],
    batchRows: [32, 16, 64, 128],
    maxGradientNorm: [1, 0.3, 5],
  },
  spare: 'epochs',
}

const TABLES: Readonly<Partial<Record<ModelKind, TuningTable>>> = {
  nearest: {
    values: { references: [2048, 256, 512, 1024, 4096, 8192], weighted: [true, false] },
    spare: 'rows',
  },
  'isolation-forest': {
    values: { trees: [100, 50, 200, 400], sampleRows: [256, 32, 64, 128, 512, 1024, 4096] },
    spare: 'rows',
  },
  'random-forest': {
    values: {
      trees: [100, 50, 200],
      depth: [16, 6, 10, 24],
      columns: [undefined, 3, 12, 24],
      minLeafRows: [1, 3, 10, 30],
      classWeights: [undefined, 'balanced'],
    },
    spare: 'rows',
  },
  boosting: {
    values: {
      rounds: [100, 50, 200, 400],
      leaves: [31, 4, 8, 15, 63],
      minLeafRows: [20, 5, 50, 150],
      learningRate: [0.1, 0.03, 0.05, 0.2],
      l2: [0, 1, 10, 100],
      classWeights: [undefined, 'balanced'],
    },
    spare: 'rows',
  },
  'lstm-autoencoder': NETWORK,
  'cnn-lstm': NETWORK,
}

/** Undefined for kinds that have nothing to search: `home` and `family` are put together from others. */
export function tuningOf(kind: ModelKind): TuningTable | undefined {
  return TABLES[kind]
}

export function describeSettings(settings: Settings): string {
  const said = Object.entries(settings).filter(([, value]) => value !== undefined)
  return said.length === 0 ? 'the default settings' : said.map(([name, value]) => `${name} ${value}`).join(', ')
}
