/** What a rule says, and the table of rules: who they are, how loud, what they are called in MITRE ATT&CK (v17) and how they are told. */
import type { Finding, RULE_DETECTOR } from '../alert/evidence.ts'
import type { Severity } from '../alert/severity.ts'
import { formatBytes, formatCount, formatDuration, plural } from '../base/format.ts'

export const RULE_IDS = [
  'port-scan',
  'host-sweep',
  'brute-force',
  'beaconing',
  'exfiltration',
  'dns-tunnel',
  'arp-spoofing',
  'clear-text-login',
  'new-destination',
] as const
export type RuleId = (typeof RULE_IDS)[number]

/** A finding as other detectors give it out, with the rule's own facts. `score` is what was measured, `threshold` its limit. */
export interface RuleFinding extends Omit<Finding, 'detector' | 'told'> {
  readonly detector: typeof RULE_DETECTOR
  readonly rule: RuleId
  /** ATT&CK technique ids. */
  readonly techniques: readonly string[]
  /** The other end, where there is one; '' for many. */
  readonly peer: string
  /** Service port; -1 for many or none. */
  readonly port: number
  /** False where an outside host does it to the device. */
  readonly outward: boolean
}

export interface RuleCard {
  readonly id: RuleId
  readonly title: string
  readonly techniques: readonly string[]
  /** At the limit, and from FAR_RATIO times the limit on. */
  readonly severity: readonly [Severity, Severity]
  /** Where outside hosts do it to the device, as they do to everyone who can be reached. */
  readonly inwardSeverity?: readonly [Severity, Severity]
  /** Whether it may start a case alone; the others join one. */
  readonly opensCase: boolean
  readonly tell: (told: Told) => string
  /** What would look the same and be harmless. */
  readonly harmless: string
}

/** A finding with its names, as a sentence needs it. */
export interface Told {
  readonly finding: RuleFinding
  readonly device: string
  readonly peer: string
}

export interface Names {
  readonly deviceName: (id: string) => string
  readonly addressName: (address: string) => string | undefined
}

/** Ratio of score to limit from which a rule speaks at its louder severity. */
export const FAR_RATIO = 4

export const RULES: Readonly<Record<RuleId, RuleCard>> = {
  'port-scan': {
    id: 'port-scan',
    title: 'Port scan',
    techniques: ['T1046'],
    severity: ['high', 'critical'],
    inwardSeverity: ['low', 'medium'],
    opensCase: true,
    tell: ({ finding, device, peer }) =>
      finding.outward
        ? `${device} tried ${plural(finding.score, 'port')} of ${peer} within ${lasted(finding)}; hardly any answered.`
        : `${peer} tried ${plural(finding.score, 'port')} of ${device} within ${lasted(finding)}; hardly any answered.`,
    harmless: 'A network checker that someone runs on purpose, or a media or call program looking for an open way.',
  },
  'host-sweep': {
    id: 'host-sweep',
    title: 'Host sweep',
    techniques: ['T1018', 'T1046'],
    severity: ['high', 'critical'],
    opensCase: true,
    tell: ({ finding, device }) =>
      `${device} knocked at ${portText(finding.port)} of ${plural(finding.score, 'host')} within ${lasted(finding)}; hardly any answered.`,
    harmless: 'An app that looks for printers, speakers or plugs, or a network checker run on purpose.',
  },
  'brute-force': {
    id: 'brute-force',
    title: 'Password guessing',
    techniques: ['T1110.001'],
    severity: ['high', 'critical'],
    opensCase: true,
    tell: ({ finding, device, peer }) =>
      `${finding.outward ? device : peer} connected ${formatCount(finding.score)} times to ${portText(finding.port)} of ${finding.outward ? peer : device} within ${lasted(finding)}, each time briefly and alike, as guessing passwords does.`,
    harmless:
      'A program with an old password that tries again and again, or a monitor that checks whether a service is up.',
  },
  beaconing: {
    id: 'beaconing',
    title: 'Regular calls to a stranger',
    techniques: ['T1071', 'T1571'],
    severity: ['medium', 'high'],
    opensCase: true,
    tell: ({ finding, device, peer }) =>
      `${device} called ${peer} on ${portText(finding.port)} about every ${formatDuration((reasonOf(finding, 'seconds between calls') ?? 0) * 1e6)}, ${formatCount(finding.score)} times in ${lasted(finding)}.`,
    harmless: 'A new app or service that checks for news at fixed times.',
  },
  exfiltration: {
    id: 'exfiltration',
    title: 'Much data sent out',
    techniques: ['T1041', 'T1048'],
    severity: ['high', 'critical'],
    opensCase: true,
    tell: ({ finding, device, peer }) =>
      `${device} sent ${formatBytes(finding.score)} to ${peer} within ${lasted(finding)}, far beyond what it ever sends.`,
    harmless: 'A backup of photos or recordings to a new place.',
  },
  'dns-tunnel': {
    id: 'dns-tunnel',
    title: 'Data in name queries',
    techniques: ['T1071.004', 'T1048.003'],
    severity: ['high', 'critical'],
    opensCase: true,
    tell: ({ finding, device, peer }) =>
      `${device} sent ${formatBytes(finding.score)} in long name queries to ${peer} within ${lasted(finding)}; names are usually short.`,
    harmless: 'A mail filter or virus scanner that asks its maker about file hashes by DNS.',
  },
  'arp-spoofing': {
    id: 'arp-spoofing',
    title: 'Poses as another device',
    techniques: ['T1557.002'],
    severity: ['critical', 'critical'],
    opensCase: true,
    tell: ({ finding, device, peer }) =>
      `${device} claims the address ${peer} of another device${finding.score > finding.threshold + 1 ? ' and further ones' : ''}, so that their traffic passes through it.`,
    harmless: 'A Wi-Fi repeater, or a new router beside the old one.',
  },
  'clear-text-login': {
    id: 'clear-text-login',
    title: 'Readable login',
    techniques: ['T1040', 'T1552'],
    severity: ['low', 'low'],
    opensCase: false,
    tell: ({ finding, device, peer }) =>
      `${finding.outward ? device : peer} talked to ${finding.outward ? peer : device} on ${portText(finding.port)}, which may carry passwords that anyone on the way can read.`,
    harmless: 'A service without a password, or one inside the home that is known.',
  },
  'new-destination': {
    id: 'new-destination',
    title: 'New destination',
    techniques: ['T1071'],
    severity: ['low', 'medium'],
    opensCase: false,
    tell: ({ finding, device, peer }) =>
      finding.reasons[0]?.feature === 'bytes to a new destination'
        ? `${device}, which long kept to the same few destinations, exchanged ${formatBytes(finding.score)} with ${peer}.`
        : `${device}, which long kept to the same few destinations, keeps coming back to ${peer}.`,
    harmless: 'An update that brought a new service of the same maker.',
  },
}

/** The finding as cases take it, told with the names that are known now. */
export function noteRule(finding: RuleFinding, names: Names): Finding {
  const { rule, techniques, peer, port, outward, ...evidence } = finding
  const { title, harmless, opensCase } = RULES[rule]
  return { ...evidence, told: { rule, title, text: tellRule(finding, names), harmless, techniques, opensCase } }
}

/** One plain sentence. */
export function tellRule(finding: RuleFinding, { deviceName, addressName }: Names): string {
  const peer = addressName(finding.peer) || finding.peer || 'other hosts'
  return RULES[finding.rule].tell({ finding, device: deviceName(finding.device), peer })
}

const PORT_NAMES: ReadonlyMap<number, string> = new Map([
  [21, 'FTP'],
  [22, 'SSH'],
  [23, 'telnet'],
  [53, 'DNS'],
  [80, 'HTTP'],
  [110, 'POP3'],
  [143, 'IMAP'],
  [443, 'HTTPS'],
  [1883, 'MQTT'],
  [3389, 'remote desktop'],
  [8883, 'MQTT over TLS'],
])

function portText(port: number): string {
  if (port === 0) return 'ICMP'
  const name = PORT_NAMES.get(port)
  return name === undefined ? `port ${port}` : `port ${port} (${name})`
}

function lasted({ startMicros, endMicros }: RuleFinding): string {
  return formatDuration(endMicros - startMicros)
}

function reasonOf(finding: RuleFinding, feature: string): number | undefined {
  return finding.reasons.find((reason) => reason.feature === feature)?.value
}
