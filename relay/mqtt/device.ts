/** What the embedded broker keeps of one device while it runs: its connections, its topics, what it may still send. */
import { type Grants, NO_GRANTS } from './acl.ts'
import { type Bucket, createBucket } from './bucket.ts'
import { View } from './view.ts'

export const MAX_TOPICS = 1000
export const MAX_RETAINED = 1000
export const MAX_RETAINED_BYTES = 64 * 1024
export const MAX_CONNECTIONS = 8
export const MAX_SESSIONS = 8

/** How long a message of a limited device is held back before its connection is closed instead. */
const PATIENCE_MS = 10_000

export interface Connection {
  close(): Promise<void>
  /** Takes the bytes written since the last call into the view. */
  tellWritten(): void
}

export class DeviceState {
  readonly view = new View()
  /** As of its last log-in. */
  grants: Grants = NO_GRANTS
  /** Connections by the session's name. */
  readonly connections = new Map<string, Connection>()
  /** Names of sessions that outlive their connection. */
  readonly sessions = new Set<string>()
  #topics = new Set<string>()
  #retained = new Set<string>()
  #bucket: Bucket | undefined

  /** False for a topic too many; the count begins anew with `forget`. */
  mayUse(topic: string): boolean {
    if (this.#topics.has(topic)) return true
    if (this.#topics.size >= MAX_TOPICS) return false
    this.#topics.add(topic)
    return true
  }

  /** An empty message takes back the retained one. */
  mayRetain(topic: string, bytes: number): boolean {
    if (bytes === 0) {
      this.#retained.delete(topic)
      return true
    }
    if (bytes > MAX_RETAINED_BYTES) return false
    if (!this.#retained.has(topic) && this.#retained.size >= MAX_RETAINED) return false
    this.#retained.add(topic)
    return true
  }

  limit(perSecond: number | undefined, nowMs: number): void {
    this.#bucket = perSecond === undefined ? undefined : createBucket(perSecond, nowMs)
  }

  /** ms until the next message may pass; undefined when that is too long to hold it back. */
  wait(nowMs: number): number | undefined {
    return this.#bucket === undefined ? 0 : this.#bucket.take(nowMs, PATIENCE_MS)
  }

  forget(): void {
    this.#topics = new Set()
  }
}
