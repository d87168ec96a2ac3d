/** What prevention asks of a firewall on the relay's host; nftables.ts is the one there is. */
import type { Effect } from './action-port.ts'

export interface Firewall {
  /** Nothing from or to the address passes; for so many seconds, or until `unblock`. */
  block(address: string, seconds: number | undefined): Promise<Effect>
  unblock(address: string): Promise<Effect>
  /** Packets a second that may still come from the address; undefined: as many as it likes. */
  limit(address: string, packetsPerSecond: number | undefined): Promise<Effect>
  /** Takes away all that it ever set. */
  clear(): Promise<void>
}
