/** Every request that this origin's page, workers and service worker made, as the browser itself reports them, and what the policy blocked. */
import type { LedgerRecord } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

export type LedgerPart = LedgerRecord['by']

/** Requests to this origin kept; older ones go. Foreign and blocked ones stay. */
export const MAX_OWN_REQUESTS = 2000

export interface LedgerCounts {
  /** For the page's own parts. */
  readonly own: number
  /** To the relay at this address. */
  readonly relay: number
  readonly foreign: number
  readonly blocked: number
}

interface Scope {
  readonly location: { readonly origin: string }
  addEventListener(type: 'securitypolicyviolation', listener: (event: SecurityPolicyViolationEvent) => void): void
}

/** Begins to record in this context, those requests included that were made before. Call once, early. */
export function keepLedger(by: LedgerPart): void {
  const scope = globalThis as unknown as Scope
  const { origin } = scope.location
  const salt = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36)
  let count = 0
  const keyAt = (at: number) => `${Math.round(at).toString(36).padStart(9, '0')}-${salt}-${count++}`
  const isOwn = (url: string) => url.startsWith('data:') || url.startsWith(`blob:${origin}`) || originOf(url) === origin

  new PerformanceObserver((list) => {
    const entries = list.getEntries().filter((entry) => entry instanceof PerformanceResourceTiming)
    const records = entries.map((entry): LedgerRecord => {
      const at = performance.timeOrigin + entry.startTime
      const url = entry.name
      const { initiatorType: initiator, transferSize: bytes } = entry
      return { key: keyAt(at), at, kind: 'request', url, own: isOwn(url), initiator, bytes, by }
    })
    void addToLedger(records)
  }).observe({ type: 'resource', buffered: true })

  scope.addEventListener('securitypolicyviolation', (event) => {
    const at = Date.now()
    const url = event.blockedURI
    const initiator = event.effectiveDirective
    void addToLedger([{ key: keyAt(at), at, kind: 'blocked', url, own: isOwn(url), initiator, bytes: 0, by }])
  })
}

export async function addToLedger(records: LedgerRecord[]): Promise<void> {
  if (records.length === 0) return
  await store().write(['ledger'], 'relaxed', (tables) => tables.ledger.bulkPut(records))
  await prune()
}

/** The newest first. */
export function watchLedger(limit: number): Watch<LedgerRecord[]> {
  return store().watch({
    table: 'ledger',
    stored: ({ ledger }) => ledger.orderBy('at').reverse().limit(limit).toArray(),
    matches: () => true,
    compare: (a, b) => b.at - a.at,
    limit,
  })
}

export function watchLedgerCounts(): Watch<LedgerCounts> {
  return store().watchQuery(async () => {
    const counts = { own: 0, relay: 0, foreign: 0, blocked: 0 }
    const add = (record: LedgerRecord) => counts[kindOf(record)]++
    await store().readDisk(({ ledger }) => ledger.each(add), undefined)
    for (const record of store().memory.rows('ledger').values()) add(record)
    return counts
  })
}

export async function clearLedger(): Promise<void> {
  const keys = await store().readDisk(({ ledger }) => ledger.toCollection().primaryKeys(), [])
  await store().remove('ledger', [...new Set([...keys, ...store().memory.rows('ledger').keys()])])
}

function kindOf(record: LedgerRecord): keyof LedgerCounts {
  if (record.kind === 'blocked') return 'blocked'
  if (!record.own) return 'foreign'
  return isToRelay(record.url) ? 'relay' : 'own'
}

/** A request to this address that the relay answers, not its files. */
export function isToRelay(url: string): boolean {
  return URL.canParse(url) && new URL(url).pathname.includes('/api/v1/')
}

async function prune(): Promise<void> {
  const count = await store().readDisk(({ ledger }) => ledger.count(), 0)
  // Some slack, so that this runs now and then only.
  if (count < MAX_OWN_REQUESTS * 1.25) return
  const old = await store().readDisk(
    ({ ledger }) =>
      ledger
        .orderBy('at')
        .filter((record) => record.kind === 'request' && record.own)
        .limit(count - MAX_OWN_REQUESTS)
        .primaryKeys(),
    [],
  )
  await store().remove('ledger', old)
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined
}
