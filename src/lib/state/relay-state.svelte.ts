/** How the link to the relay stands, apart from the link itself, so that every page can say it without loading the link. */
export type LinkState =
  /** Nobody has asked for a relay. */
  | 'off'
  | 'looking'
  /** What serves this page is no relay. */
  | 'none'
  | 'unclaimed'
  | 'log-in'
  | 'connected'
  /** There was one; it does not answer now. */
  | 'away'

/** Remembered: a person connected this browser. */
const WANTED = 'relay'

class RelayState {
  link: LinkState = $state('off')
}

export const relayState = new RelayState()

export function isRelayWanted(): boolean {
  return localStorage.getItem(WANTED) === 'on'
}

export function wantRelay(wanted: boolean): void {
  if (wanted) localStorage.setItem(WANTED, 'on')
  else localStorage.removeItem(WANTED)
}
