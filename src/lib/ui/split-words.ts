/** What each way of leaving data out means, in plain words. */
import type { SplitKind } from '#core/evaluate/splits.ts'

export interface SplitWords {
  readonly title: string
  readonly asks: string
}

export const SPLIT_WORDS: Readonly<Record<SplitKind, SplitWords>> = {
  'in-time': { title: 'Later days', asks: 'Learnt from the first part of each recording, judged on the rest.' },
  capture: { title: 'A recording it never saw', asks: 'Each recording or day is left out once.' },
  family: { title: 'A kind of attack it never saw', asks: 'Each kind of attack is left out once.' },
  device: { title: 'A device it never saw', asks: 'Each device is left out once.' },
  'other-data': { title: 'Another network', asks: 'Judged on flows of another source.' },
  random: { title: 'Random rows', asks: 'A warning: neighbours of what is judged were learnt from, so this flatters.' },
}
