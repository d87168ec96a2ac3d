/** Every kind of model by its name. */
import { ModelError } from '../base/errors.ts'
import type { ModelKind } from '../model/folder-manifest.ts'
import { familyKind } from './family.ts'
import { createHeadKind } from './head.ts'
import { homeKind } from './home.ts'
import type { LearnKind } from './kind.ts'
import { cnnLstmKind, lstmAutoencoderKind } from './sequence-kinds.ts'
import { boostingKind, isolationForestKind, nearestKind, randomForestKind } from './tabular-kinds.ts'

const KINDS: Readonly<Partial<Record<ModelKind, LearnKind>>> = {
  nearest: nearestKind,
  'isolation-forest': isolationForestKind,
  'random-forest': randomForestKind,
  boosting: boostingKind,
  'lstm-autoencoder': lstmAutoencoderKind,
  'cnn-lstm': cnnLstmKind,
  home: homeKind,
  family: familyKind,
  head: createHeadKind((kind) => kindOf(kind)),
}

/** Names that `guardian train --detector` takes. */
export const LEARNABLE_KINDS = Object.keys(KINDS) as readonly ModelKind[]

/** Throws ModelError for a kind that this app cannot open. */
export function kindOf(kind: ModelKind): LearnKind {
  const known = KINDS[kind]
  if (!known) throw new ModelError(`this app opens no models of kind ${kind}; it knows ${LEARNABLE_KINDS.join(', ')}`)
  return known
}
