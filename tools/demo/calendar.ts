/** When the story happens. */
import { HOUR, MINUTE, SECOND } from './habits.ts'

/** Tuesday, 12 May 2026, 00:00 UTC. */
export const START_MICROS = Date.UTC(2026, 4, 12) * 1000
export const END_MICROS = START_MICROS + 36 * HOUR

export interface Span {
  readonly from: number
  readonly to: number
}

export const WHOLE: Span = { from: START_MICROS, to: END_MICROS }

/** Time of the story: hours and minutes of day 1 or 2. */
export function moment(day: 1 | 2, clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number)
  return START_MICROS + (day - 1) * 24 * HOUR + hours * HOUR + minutes * MINUTE + seconds * SECOND
}

/** Hours since midnight, with fractions. */
export function hourOf(micros: number): number {
  return ((micros - START_MICROS) / HOUR) % 24
}
