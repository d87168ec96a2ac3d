/** Evidence and facts become the case that a person reads. */
import type { Case, Confidence, Observation } from '../alert/case.ts'
import { MODEL_DETECTOR, type Reason } from '../alert/evidence.ts'
import type { Evidence } from '../alert/gather.ts'
import { tellCase } from '../alert/story.ts'
import { weighCase } from '../alert/weigh.ts'
import { formatCount, formatNumber } from '../base/format.ts'
import type { Profiles } from './profile.ts'

const MAX_REASONS = 5

export interface Describer {
  readonly profiles: Profiles
  readonly deviceName: (id: string) => string
  readonly addressName: (address: string) => string
  /** Whose network an outside address is in, when the device talked to that network before it met this address. */
  readonly knownOwner: (device: string, address: string) => string | undefined
  /** Share of usual windows that score at least this high. */
  readonly tailProbability: (score: number) => number
  /** Of what: `usual samples`, `usual hours of a device`. */
  readonly sample: string
  /** IANA zone of the clock times in sentences. */
  readonly timeZone: string
}

export function describeCase(evidence: Evidence, describer: Describer): Case {
  const { profiles, deviceName, addressName, knownOwner, timeZone } = describer
  const facts = profiles.facts(evidence.device, evidence.startMicros, evidence.endMicros, addressName)
  const reasons = strongestReasons(evidence)
  const { severity, because } = weighCase(evidence, facts)
  const name = deviceName(evidence.device)
  const [busiest] = facts.peers
  const owner = busiest && knownOwner(evidence.device, busiest.address)
  const findings = [...evidence.kept].sort((a, b) => a.rows[0] - b.rows[0])
  return {
    id: evidence.id,
    device: evidence.device,
    deviceName: name,
    startMicros: evidence.startMicros,
    endMicros: evidence.endMicros,
    severity,
    ...tellCase({ name, evidence, facts, reasons, owner, timeZone }),
    reasons,
    observations: observationsOf(evidence),
    confidence: confidenceOf(evidence, describer),
    because,
    facts,
    findings,
    findingCount: evidence.count,
  }
}

function observationsOf({ told }: Evidence): Observation[] {
  return [...told.values()]
    .sort((a, b) => a.startMicros - b.startMicros)
    .flatMap(({ told: note, startMicros }) =>
      note ? [{ title: note.title, text: note.text, startMicros, techniques: note.techniques }] : [],
    )
}

function strongestReasons(evidence: Evidence): Reason[] {
  const ranked = [...evidence.features].sort(([, a], [, b]) => b.weight - a.weight).slice(0, MAX_REASONS)
  const total = ranked.reduce((sum, [, { weight }]) => sum + weight, 0)
  return ranked.map(([feature, { weight, value, typical }]) => ({
    feature,
    value,
    typical,
    share: total > 0 ? weight / total : 1 / ranked.length,
  }))
}

/** From the model's calibration at the middle one of the ten strongest windows, so that one extreme does not speak for all. */
function confidenceOf(
  evidence: Evidence,
  { tailProbability, sample }: Pick<Describer, 'tailProbability' | 'sample'>,
): Confidence {
  const scores = evidence.kept
    .filter(({ detector }) => detector === MODEL_DETECTOR)
    .map(({ score }) => score)
    .sort((a, b) => b - a)
    .slice(0, 10)
  const score = scores[Math.floor(scores.length / 2)]
  if (score === undefined) {
    const times = evidence.strongestRatio
    const words = times >= 10 ? 'very' : times >= 3 ? 'quite' : 'fairly'
    if (evidence.told.size > 0)
      return { words, text: `it went ${formatNumber(times)} times beyond what counts as harmless`, oneIn: undefined }
    return {
      words,
      text: `it went ${formatNumber(times)} times beyond the busiest minutes that are normal for it`,
      oneIn: undefined,
    }
  }
  const oneIn = Math.min(1e6, Math.max(1, Math.round(1 / Math.max(tailProbability(score), 1e-6))))
  return {
    words: oneIn >= 10_000 ? 'very' : oneIn >= 1000 ? 'quite' : 'fairly',
    text: `1 in ${formatCount(oneIn)} ${sample} looks so`,
    oneIn,
  }
}
