/** Rules of prevention and what they did, in words. */
import type { Action, ActionRecord, Rule } from '#core/prevent/wire.ts'
import { plural } from './format.ts'
import { ALERT_WORDS } from './live-figures.ts'

export const ACTION_WORDS: Readonly<Record<Action, string>> = {
  alert: 'tell people',
  rate_limit: 'slow it down',
  block: 'block an address',
  quarantine: 'put it in quarantine',
  webhook: 'call a webhook',
}

type Told = Omit<Rule, 'id' | 'revision' | 'createdMicros' | 'enabled'>

/** "When Camera shows something high or louder, unusual traffic: put it in quarantine, for 24 hours, at most once in 1 hour." */
export function describeRule(rule: Told, nameOf: (device: string) => string): string {
  const { device, minSeverity, minRatio, types = [], cooldownSeconds, expirySeconds, action } = rule
  const when = [
    minSeverity === undefined ? undefined : `something ${minSeverity}${minSeverity === 'critical' ? '' : ' or louder'}`,
    minRatio === undefined ? undefined : `${minRatio} times its line or more`,
    types.length > 0 ? types.map((type) => ALERT_WORDS[type]).join(' or ') : undefined,
  ].filter((part) => part !== undefined)
  const whose = device === undefined ? 'any device' : nameOf(device)
  const lasts = action !== 'alert' && action !== 'webhook'
  const then = [
    actionWords(rule),
    ...(lasts ? [expirySeconds === 0 ? 'until it is undone' : `for ${spanWords(expirySeconds)}`] : []),
    ...(cooldownSeconds === 0 ? [] : [`at most once in ${spanWords(cooldownSeconds)}`]),
  ]
  return `When ${whose} shows ${when.length > 0 ? when.join(', ') : 'anything unusual'}: ${then.join(', ')}.`
}

function actionWords({ action, address, messagesPerSecond, webhook }: Told): string {
  if (action === 'block') return address === undefined ? 'block its strongest new peer' : `block ${address}`
  if (action === 'rate_limit' && messagesPerSecond !== undefined)
    return `slow it down to ${plural(messagesPerSecond, 'message')} a second`
  if (action === 'webhook' && webhook !== undefined && URL.canParse(webhook)) return `call ${new URL(webhook).host}`
  return ACTION_WORDS[action]
}

/** The largest unit that divides it. */
export function spanWords(seconds: number): string {
  if (seconds > 0 && seconds % 86_400 === 0) return plural(seconds / 86_400, 'day')
  if (seconds > 0 && seconds % 3600 === 0) return plural(seconds / 3600, 'hour')
  if (seconds > 0 && seconds % 60 === 0) return plural(seconds / 60, 'minute')
  return plural(seconds, 'second')
}

/** How an action stands. */
export function standing(action: ActionRecord, nowMicros: number): 'stands' | 'undone' | 'over' | 'done' | 'failed' {
  if (action.undoneMicros !== undefined) return 'undone'
  if (!action.success) return 'failed'
  if (action.action === 'alert' || action.action === 'webhook') return 'done'
  return action.expiresMicros !== undefined && action.expiresMicros <= nowMicros ? 'over' : 'stands'
}
