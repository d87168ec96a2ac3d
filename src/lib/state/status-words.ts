/** What was sent and how safe the history is, in a few words. */
import type { StorageState } from '#db/health.ts'
import type { LedgerCounts } from '#lib/remote/ledger.ts'
import { formatRelative, plural } from '#lib/ui/format.ts'
import type { LinkState } from './relay-state.svelte.ts'

export interface StatusWords {
  readonly good: boolean
  readonly text: string
}

export function sentWords(counts: LedgerCounts | undefined): StatusWords {
  if (counts && counts.foreign > 0) return { good: false, text: `${plural(counts.foreign, 'request')} to others` }
  return { good: true, text: counts && counts.relay > 0 ? 'Sent to your relay only' : 'Nothing sent' }
}

export function keptWords(state: StorageState | undefined, nowMicros: number): StatusWords {
  if (state?.kind === 'memory') return { good: false, text: 'Not saved: refused' }
  if (state?.kind === 'full') return { good: false, text: 'Not saved: no room' }
  const backup = state?.lastBackupAt
  if (backup !== undefined) return { good: true, text: `Saved (backed up ${formatRelative(backup * 1000, nowMicros)})` }
  return { good: true, text: state?.kind === 'safe' ? 'Saved' : 'Saved, no backup yet' }
}

const RELAY_WORDS: Readonly<Record<LinkState, StatusWords>> = {
  off: { good: true, text: 'Relay: not connected' },
  looking: { good: true, text: 'Relay: looking for it' },
  none: { good: true, text: 'Relay: none here' },
  unclaimed: { good: false, text: 'Relay: nobody’s yet' },
  'log-in': { good: false, text: 'Relay: log in' },
  connected: { good: true, text: 'Relay: connected' },
  away: { good: false, text: 'Relay: away' },
}

export function relayWords(state: LinkState): StatusWords {
  return RELAY_WORDS[state]
}

/** The same at length, for Settings. */
export function storageWords(state: StorageState): { good: boolean; title: string; text: string } {
  switch (state.kind) {
    case 'safe':
      return { good: true, title: 'Safe.', text: 'The browser promised to keep your history until you delete it.' }
    case 'at-risk':
      return state.lastBackupAt === undefined
        ? {
            good: false,
            title: 'At risk.',
            text: 'The browser may delete your history when the disk gets full. A backup keeps it.',
          }
        : {
            good: true,
            title: 'Backed up.',
            text: 'The browser may delete your history when the disk gets full; your backup file has it up to then.',
          }
    case 'memory':
      return {
        good: false,
        title: 'Not saved.',
        text: 'The browser refuses to store anything, as in a private window. All is lost when this tab closes: export what you need.',
      }
    case 'full':
      return {
        good: false,
        title: 'No room left.',
        text: 'What is new is only in this tab. Delete scans in History or free space on the disk, then save again; that ends what can be brought back.',
      }
  }
}
