/** Which findings are enough to begin a case (decision 002). */
import { type Finding, MODEL_DETECTOR } from '../alert/evidence.ts'

/** How far over its fence the baseline opens a case without the model: dull little flows of a scan escape it, one lone transfer may. */
const CLEAR_RATIO = { 'hosts per minute': 3, 'bytes per minute': 8 } as const

/** The model opens cases, and rules that are sure; of the baseline only what is far beyond the device's own (decision 002). */
export function opensCase({ detector, reasons, score, threshold, told }: Finding): boolean {
  if (detector === MODEL_DETECTOR) return true
  if (told) return told.opensCase
  const metric = reasons[0]?.feature
  return (metric === 'hosts per minute' || metric === 'bytes per minute') && score > CLEAR_RATIO[metric] * threshold
}
