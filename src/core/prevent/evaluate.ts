/** Which rules act on what was noticed, and what they do. Pure: the relay's action log says what was done before. */
import { severityRank } from '../alert/severity.ts'
import type { Alert } from '../alert/wire.ts'
import type { Action, Rule } from './wire.ts'

/** Something that people are told of, as rules see it. */
export interface Occasion {
  readonly alert: number | undefined
  readonly device: string
  readonly deviceName: string
  readonly type: Alert['type']
  readonly severity: Alert['severity']
  /** Score over threshold of the case's strongest window; undefined without a case. */
  readonly ratio: number | undefined
  /** Addresses that the device talked to in the case. */
  readonly peers: readonly Peer[]
  readonly title: string
  readonly atMicros: number
}

export interface Peer {
  readonly address: string
  readonly bytes: number
  readonly isNew: boolean
}

/** What a rule wants done. */
export interface Decision {
  readonly rule: Rule
  readonly device: string
  readonly action: Action
  /** Of `block` an address, of `rate_limit` messages a second, of `webhook` a URL; else ''. */
  readonly target: string
  /** Undefined: until undone, or over at once. */
  readonly expiresMicros: number | undefined
}

/** What was done before, by rule and device. */
export interface Past {
  /** µs since 1970 of the last action; undefined when there was none. */
  lastMicros(rule: string, device: string): number | undefined
  /** Whether an action of the rule still stands: it is not done twice. */
  stands(rule: string, device: string): boolean
}

/** Messages a second that are left to a device when the rule does not say. */
export const DEFAULT_RATE = 1
/** What stands until it expires or is undone; the others are over at once. */
export const LASTING: ReadonlySet<Action> = new Set(['rate_limit', 'block', 'quarantine'])

/** In the order of the rules. */
export function decide(rules: readonly Rule[], occasion: Occasion, past: Past): Decision[] {
  return rules.flatMap((rule) => {
    if (!rule.enabled || !holds(rule, occasion)) return []
    const last = past.lastMicros(rule.id, occasion.device)
    // A clock that was set back does not stretch the cool-down.
    const isCooling = last !== undefined && Math.abs(occasion.atMicros - last) < rule.cooldownSeconds * 1e6
    if (isCooling || past.stands(rule.id, occasion.device)) return []
    const target = targetOf(rule, occasion)
    return target === undefined ? [] : [decisionOf(rule, occasion, target)]
  })
}

/** True when all the conditions that the rule states hold. */
export function holds(rule: Rule, { device, ratio, severity, type }: Occasion): boolean {
  if (rule.device !== undefined && rule.device !== device) return false
  if (rule.minRatio !== undefined && !(ratio !== undefined && ratio >= rule.minRatio)) return false
  if (rule.minSeverity !== undefined && severityRank(severity) < severityRank(rule.minSeverity)) return false
  return rule.types === undefined || rule.types.length === 0 || rule.types.includes(type)
}

function decisionOf(rule: Rule, occasion: Occasion, target: string): Decision {
  const { action, expirySeconds } = rule
  const lasts = LASTING.has(action) && expirySeconds > 0
  return {
    rule,
    device: occasion.device,
    action,
    target,
    expiresMicros: lasts ? occasion.atMicros + expirySeconds * 1e6 : undefined,
  }
}

/** Undefined when there is nothing to block: the rule then waits for a case that has something. */
function targetOf(rule: Rule, { peers }: Occasion): string | undefined {
  switch (rule.action) {
    case 'block':
      return rule.address ?? strongestNewPeer(peers)
    case 'rate_limit':
      return String(rule.messagesPerSecond ?? DEFAULT_RATE)
    case 'webhook':
      return rule.webhook ?? ''
    default:
      return ''
  }
}

function strongestNewPeer(peers: readonly Peer[]): string | undefined {
  return peers
    .filter(({ isNew }) => isNew)
    .reduce<Peer | undefined>((most, peer) => (most && most.bytes >= peer.bytes ? most : peer), undefined)?.address
}
