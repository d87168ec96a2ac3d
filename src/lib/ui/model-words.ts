/** What each kind of model is called and does, in plain words. */
export interface KindWords {
  readonly name: string
  readonly does: string
  /** Whether it must be shown attacks as well. */
  readonly learns: 'normal' | 'labels'
}

const WORDS: Readonly<Record<string, KindWords>> = {
  'lstm-autoencoder': {
    name: 'Sequence autoencoder',
    does: 'Learns how the flows of a device follow each other. What it cannot rebuild is unusual.',
    learns: 'normal',
  },
  'cnn-lstm': {
    name: 'Sequence classifier',
    does: 'Learns from labels what ten flows in a row of an attack look like.',
    learns: 'labels',
  },
  nearest: {
    name: 'Nearest normal flow',
    does: 'Remembers normal flows. What is far from all of them is unusual.',
    learns: 'normal',
  },
  'isolation-forest': {
    name: 'Isolation forest',
    does: 'Splits flows at random. What is set apart after few splits is unusual.',
    learns: 'normal',
  },
  'random-forest': {
    name: 'Random forest',
    does: 'Many trees, each learnt from a sample of the labels, vote on each flow.',
    learns: 'labels',
  },
  boosting: {
    name: 'Boosted trees',
    does: 'Trees learnt from labels, each correcting those before it.',
    learns: 'labels',
  },
  family: {
    name: 'Kinds of attack',
    does: 'Names the kind of attack that a flow looks like, or says that it does not know. It tells nothing from usual by itself.',
    learns: 'labels',
  },
  head: {
    name: 'What you said',
    does: 'Stands on another model and moves its scores by what you called bad and what you called normal.',
    learns: 'labels',
  },
  home: {
    name: 'Your home',
    does: 'Several detectors together, set by what is normal for each device here.',
    learns: 'normal',
  },
}

export function kindWords(kind: string): KindWords {
  return WORDS[kind] ?? { name: kind, does: '', learns: 'labels' }
}

/** Kinds that the page trains, the quickest to be of use first. */
export const TRAINABLE = [
  'home',
  'head',
  'nearest',
  'isolation-forest',
  'lstm-autoencoder',
  'boosting',
  'random-forest',
  'cnn-lstm',
] as const

const SOURCES = {
  shipped: 'comes with the app',
  trained: 'trained here',
  imported: 'imported',
} as const

export type ModelSource = keyof typeof SOURCES

export function sourceWords(source: ModelSource): string {
  return SOURCES[source]
}
