/** What is worth knowing about the devices of a scan and is no alarm: one that is new, one that fell silent. */
import { formatDuration } from '../base/format.ts'
import type { Note } from './device.ts'
import type { DeviceEntry } from './entry.ts'
import { type Rhythm, SILENT_MICROS, type Silence } from './rhythm.ts'

/** A device first heard after this much of the recording is new; before, it may just have been quiet. */
export const NEW_AFTER_MICROS = 6 * 3600e6
/** A rhythm is known after this long, and broken by a pause this many times the longest one before. */
const RHYTHM_MICROS = 6 * 3600e6
const RHYTHM_RATIO = 4
/** A recording in which everything is new says nothing by it. */
export const MAX_NOTES = 200
/** Things that people carry away or switch off. */
const COMES_AND_GOES: ReadonlySet<string | undefined> = new Set(['phone', 'tablet', 'computer', 'console'])

export interface Recording {
  /** When anything was heard at all: where the recorder slept, no device's silence means anything. */
  readonly heard: Rhythm
  /** No more flows will come: a device that has not been heard since stays silent. */
  readonly ended: boolean
  /** A time of day in words, such as "03:10". */
  readonly clock: (micros: number) => string
}

export function notesOf(entry: DeviceEntry, recording: Recording): Note[] {
  if (!entry.isLocal || entry.isRouter) return []
  return [newDevice(entry, recording), silence(entry, recording)].filter((note) => note !== undefined)
}

function newDevice(entry: DeviceEntry, { heard, clock }: Recording): Note | undefined {
  const { firstMicros, lastMicros } = entry.rhythm
  if (!Number.isFinite(firstMicros) || firstMicros - heard.firstMicros < NEW_AFTER_MICROS) return undefined
  if (heard.silences.some((pause) => pause.endMicros <= firstMicros)) return undefined
  const text = `${entry.name.name} joined the network at ${clock(firstMicros)}${origin(entry)}.`
  return {
    id: `new-device ${entry.id}`,
    kind: 'new-device',
    device: entry.id,
    startMicros: firstMicros,
    endMicros: lastMicros,
    text,
  }
}

function origin(entry: DeviceEntry): string {
  if (entry.randomMac) return '; it uses a made-up hardware address, as visitors’ phones do'
  return entry.vendor === undefined || entry.name.nameFrom === 'vendor'
    ? ''
    : `; its network chip is by ${entry.vendor}`
}

function silence(entry: DeviceEntry, recording: Recording): Note | undefined {
  const { rhythm } = entry
  const { heard } = recording
  if (entry.randomMac || COMES_AND_GOES.has(entry.kind)) return undefined
  const gaps: Silence[] = [...rhythm.silences]
  if (recording.ended && heard.lastMicros - rhythm.lastMicros >= SILENT_MICROS) {
    gaps.push({ startMicros: rhythm.lastMicros, endMicros: heard.lastMicros })
  }
  const [gap] = gaps
  // Twice silent is a habit, not an event.
  if (gap === undefined || gaps.length > 1) return undefined
  if (heard.silences.some((pause) => pause.startMicros < gap.endMicros && pause.endMicros > gap.startMicros))
    return undefined
  const lasted = gap.endMicros - gap.startMicros
  const isRegular =
    gap.startMicros - rhythm.firstMicros >= RHYTHM_MICROS && rhythm.longestPauseMicros * RHYTHM_RATIO <= lasted
  if (!isRegular) return undefined
  const returned = rhythm.lastMicros > gap.startMicros
  const until = returned ? `until ${recording.clock(gap.endMicros)}` : 'and has not come back'
  const usual =
    rhythm.pauses > 0
      ? ` It is normally heard every ${formatDuration(rhythm.pauseSumMicros / rhythm.pauses).replace(/^a /u, '')}.`
      : ''
  const text = `${entry.name.name} fell silent for ${formatDuration(lasted)}, from ${recording.clock(gap.startMicros)} ${until}.${usual}`
  return { id: `device-silent ${entry.id}`, kind: 'device-silent', device: entry.id, ...gap, text }
}
