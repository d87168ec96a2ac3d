/** Tells a case in plain words. Sentences come from this table with the case's own numbers; each kind is tested for reading age. */
import { formatBytes, formatClock, formatDuration, formatNumber, plural } from '../base/format.ts'
import type { CaseFacts } from './case.ts'
import type { Reason, RuleNote } from './evidence.ts'
import type { Evidence } from './gather.ts'
import { severityRank } from './severity.ts'
import { isPlainDownload, meetsManyNewHosts, opensByRule, sendsFarMore } from './weigh.ts'

export interface Story {
  readonly title: string
  readonly usual: string
  readonly harmless: string
  readonly advice: readonly string[]
}

interface Scene {
  readonly name: string
  readonly evidence: Evidence
  readonly facts: CaseFacts
  readonly reasons: readonly Reason[]
  /** Owner of the busiest host's network, when the device talked to that network before. */
  readonly owner?: string | undefined
  /** ` at 03:10`, or nothing without times. */
  readonly at: string
  readonly lasted: number
}

interface Kind extends Omit<Record<keyof Story, (scene: Scene) => string>, 'advice'> {
  readonly fits: (scene: Scene) => boolean
  readonly advice: (scene: Scene) => readonly string[]
}

const KEEP_LOOKING = 'Scan again tomorrow: once is a surprise, twice is a habit.'

/** The first that fits tells the case. */
const KINDS: readonly Kind[] = [
  {
    fits: ({ facts }) => meetsManyNewHosts(facts),
    title: ({ name, facts, at }) =>
      `${name} ${facts.unansweredFlows * 2 > facts.flows ? 'tried to reach' : 'talked to'} ${plural(facts.newHosts, 'host')} it never used before${at}.`,
    usual: ({ facts }) =>
      facts.usualHosts > 0 ? `It normally talks to ${facts.usualHosts}.` : 'Before that it kept to itself.',
    harmless: () =>
      'A person running a network scan from it, or an app that looks for other devices right after set-up.',
    advice: ({ name, facts }) => [
      `Unplug ${name}, or take it off the network, until you know more.`,
      facts.bytesOut > 1e6
        ? `Assume that what it recorded has left the house: it sent ${formatBytes(facts.bytesOut)}.`
        : 'Look whether the devices it reached behave as usual: their cases stand in the list.',
      'Reset it to factory settings, update it, and give it a new password before it comes back.',
    ],
  },
  {
    fits: ({ evidence }) => opensByRule(evidence.told),
    title: ({ evidence, at }) => `${loudestRule(evidence).text.replace(/[.;](?:\s.*)?$/, '')}${at}.`,
    usual: ({ facts }) => (facts.usualHosts > 0 ? `It normally talks to ${plural(facts.usualHosts, 'host')}.` : ''),
    harmless: ({ evidence }) => loudestRule(evidence).harmless,
    advice: ({ name, facts }) => [
      `Ask whether someone did this on purpose with ${name}.`,
      `If not, take ${name} off the network until you know more${facts.peers[0] ? `, and look up ${facts.peers[0].name || facts.peers[0].address}` : ''}.`,
      'Update it, give it a new password, and scan again tomorrow.',
    ],
  },
  {
    fits: ({ facts }) => isPlainDownload(facts),
    title: ({ name, facts, at }) => `${name} fetched ${formatBytes(facts.bytesIn)}${from(facts)}${at}.`,
    usual: ({ facts }) => usualBytes(facts.usualBytesInPerHour, 'receives'),
    harmless: ({ name, owner, facts }) =>
      owner
        ? `A software update: it came from ${owner}, a network that ${name} talks to anyway, and little went out.`
        : `A software update or a stream from ${facts.peers[0]?.name ?? 'its maker'}: it came from a host with a name, and little went out.`,
    advice: () => [
      'Do nothing if an update was due, or if someone was watching something.',
      'Look up the version that the device shows: did it change?',
      KEEP_LOOKING,
    ],
  },
  {
    fits: ({ facts, lasted }) => sendsFarMore(facts, lasted),
    title: ({ name, facts, at, lasted }) =>
      `${name} sent ${formatBytes(facts.bytesOut)} in ${formatDuration(lasted)}${at}.`,
    usual: ({ facts }) => usualBytes(facts.usualBytesOutPerHour, 'sends'),
    harmless: () => 'A backup, a video call, or photos on their way to a cloud that you use.',
    advice: ({ name, facts }) => [
      `Ask who used ${name} at that time.`,
      `Look where it went: ${facts.peers[0]?.name || facts.peers[0]?.address || 'the list of hosts is below'}.`,
      'If nobody knows: take it off the network and change its password.',
    ],
  },
  {
    fits: ({ facts }) => facts.flows >= 20 && facts.unansweredFlows * 2 > facts.flows,
    title: ({ name, facts, at }) =>
      `${name} tried ${plural(facts.flows, 'connection')} and got no answer to ${facts.unansweredFlows}${at}.`,
    usual: ({ facts }) => (facts.usualHosts > 0 ? `It normally talks to ${facts.usualHosts} hosts that answer.` : ''),
    harmless: () => 'A service that was down, or a device that looks for one that has gone.',
    advice: ({ name }) => [
      `Check that what ${name} needs is switched on.`,
      'If it keeps trying many different hosts or ports, take it off the network.',
      KEEP_LOOKING,
    ],
  },
  {
    fits: ({ evidence }) => evidence.device === 'table',
    title: ({ evidence, reasons }) =>
      `Rows ${evidence.firstRow} to ${evidence.lastRow} hold flows unlike usual traffic: ${told(mostStriking(reasons))}.`,
    usual: () => 'The table has no addresses, so all its rows count as one device.',
    harmless: () => 'A rare but ordinary job, such as an update, or a table from a very different kind of network.',
    advice: () => [
      'Look at these rows in your tool: who sent them, and to whom?',
      'Give the table an address column to see each device apart.',
      KEEP_LOOKING,
    ],
  },
  {
    fits: () => true,
    title: ({ name, reasons, at }) => `${name} did not behave as usual${at}: ${told(mostStriking(reasons))}.`,
    usual: ({ facts }) => (facts.usualHosts > 0 ? `It normally talks to ${plural(facts.usualHosts, 'host')}.` : ''),
    harmless: () => 'A rare but ordinary job: an update, a first set-up, a person who used it differently.',
    advice: ({ name, facts }) => [
      `Ask who used ${name} at that time.`,
      `Look whom it talked to: ${facts.peers[0]?.name || facts.peers[0]?.address || 'the list of hosts is below'}.`,
      KEEP_LOOKING,
    ],
  },
]

export function tellCase(scene: Omit<Scene, 'at' | 'lasted'> & { timeZone: string }): Story {
  const { evidence, timeZone } = scene
  const clock = formatClock(evidence.startMicros, timeZone)
  const full: Scene = { ...scene, at: clock && ` at ${clock}`, lasted: evidence.endMicros - evidence.startMicros }
  const kind = KINDS.find(({ fits }) => fits(full))!
  return { title: kind.title(full), usual: kind.usual(full), harmless: kind.harmless(full), advice: kind.advice(full) }
}

const UNITS: Readonly<Record<string, string>> = {
  orig_pkts: 'packets sent per flow',
  resp_pkts: 'packets received per flow',
  orig_bytes: 'sent per flow',
  resp_bytes: 'received per flow',
  'packets per minute': 'packets a minute',
  'bytes per minute': 'a minute',
  'hosts per minute': 'hosts a minute',
}

/** Of the rules that may start a case the one that went furthest beyond its limit. */
function loudestRule({ told }: Evidence): RuleNote {
  const [first] = [...told.values()]
    .filter((finding) => finding.told?.opensCase)
    .sort(
      (a, b) => severityRank(b.severity) - severityRank(a.severity) || b.score / b.threshold - a.score / a.threshold,
    )
  if (!first?.told) throw new Error('a case by a rule has no rule')
  return first.told
}

/** The reason that a person understands best: a large part of the score, and far from the usual. */
function mostStriking(reasons: readonly Reason[]): Reason | undefined {
  const weigh = ({ share, value, typical }: Reason) => share * Math.abs(Math.log2((value + 1) / (typical + 1)))
  return reasons.reduce<Reason | undefined>(
    (best, next) => (!best || weigh(next) > weigh(best) ? next : best),
    undefined,
  )
}

/** `5.0 MB sent per flow where 1.2 kB is usual`. */
function told(reason: Reason | undefined): string {
  if (!reason) return 'its flows have an unusual shape'
  const write = reason.feature.includes('bytes') ? formatBytes : formatNumber
  const unit = UNITS[reason.feature] ?? reason.feature
  if (write(reason.value) === write(reason.typical))
    return `an unusual pattern of ${unit.replace(/^sent|^received/, 'bytes $&')}`
  return `${write(reason.value)} ${unit} where ${write(reason.typical)} is usual`
}

function from({ peers }: CaseFacts): string {
  const first = peers[0]
  return first ? ` from ${first.name || first.address}` : ''
}

function usualBytes(perHour: number, verb: 'sends' | 'receives'): string {
  return Number.isFinite(perHour)
    ? `It normally ${verb} ${formatBytes(perHour)} an hour.`
    : 'There is not enough of its other traffic to compare with.'
}
