/** What a person called normal, and which later cases are no more than that. Nothing is deleted: a quieted case is kept and counted apart. */
import type { Case } from './case.ts'
import { type Severity, severityRank } from './severity.ts'

export const QUIET_SCOPES = ['behaviour', 'peer', 'any-device'] as const
/** `behaviour`: this device, this kind of behaviour. `peer`: the same, and only towards one address. `any-device`: this behaviour, whoever shows it. */
export type QuietScope = (typeof QUIET_SCOPES)[number]

export interface Quiet {
  readonly id: string
  readonly scope: QuietScope
  /** Whose case was called normal; with `any-device` only to tell of. */
  readonly device: string
  readonly deviceName: string
  /** What the rules had seen, by title. */
  readonly signs: readonly string[]
  /** What stood out most, where no rule had spoken: at most TOP_REASONS features. */
  readonly reasons: readonly string[]
  /** Destination ports that carried the behaviour; empty when the source knows none. */
  readonly ports: readonly number[]
  /** Of scope `peer`. */
  readonly peer: string | undefined
  /** Nothing louder is quieted. */
  readonly severity: Severity
  /** Ms since 1970; `expiresAt` is undefined when it never ends. */
  readonly createdAt: number
  readonly expiresAt: number | undefined
}

export const DEFAULT_QUIET_DAYS = 90
export const TOP_REASONS = 3
const DAY_MS = 86_400_000
/** A port with less of a case's flows than this is beside the point: a name looked up, a clock set. */
const PORT_SHARE = 0.1

/** `days` undefined means for ever. Scope `peer` takes the address that the case talked to most, and is `behaviour` where there is none. */
export function quietOf(
  value: Case,
  choice: { id: string; scope: QuietScope; days: number | undefined; now: number },
): Quiet {
  const { id, scope, days, now } = choice
  const peer = scope === 'peer' ? value.facts.peers[0]?.address : undefined
  return {
    id,
    scope: scope === 'peer' && peer === undefined ? 'behaviour' : scope,
    device: value.device,
    deviceName: value.deviceName,
    signs: signsOf(value),
    reasons: topReasons(value),
    ports: mainPorts(value),
    peer,
    severity: value.severity,
    createdAt: now,
    expiresAt: days === undefined ? undefined : now + days * DAY_MS,
  }
}

/** The first that covers the whole case; `now` in ms since 1970. */
export function findQuiet(value: Case, quiets: readonly Quiet[], now: number): Quiet | undefined {
  return quiets.find((quiet) => !isOver(quiet, now) && covers(quiet, value))
}

export function isOver({ expiresAt }: Quiet, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt
}

/** A further sign, a further port or peer, or a higher severity is more than was called normal. */
function covers(quiet: Quiet, value: Case): boolean {
  if (quiet.scope !== 'any-device' && quiet.device !== value.device) return false
  if (severityRank(value.severity) > severityRank(quiet.severity)) return false
  const { peers, hosts } = value.facts
  if (quiet.scope === 'peer' && !(hosts === 1 && peers[0]?.address === quiet.peer)) return false
  if (!mainPorts(value).every((port) => quiet.ports.includes(port))) return false
  const signs = signsOf(value)
  if (signs.length > 0) return signs.every((sign) => quiet.signs.includes(sign))
  const [first] = topReasons(value)
  return quiet.signs.length === 0 && first !== undefined && quiet.reasons.includes(first)
}

function signsOf(value: Case): string[] {
  return [...new Set(value.observations.map(({ title }) => title))].sort()
}

function topReasons(value: Case): string[] {
  return value.reasons.slice(0, TOP_REASONS).map(({ feature }) => feature)
}

function mainPorts({ facts }: Case): number[] {
  return facts.ports.filter(({ flows }) => flows >= PORT_SHARE * facts.flows).map(({ port }) => port)
}
