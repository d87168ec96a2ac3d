/** A token bucket: `perSecond` tokens flow in, at most a second's worth (at least one) is kept. */
export interface Bucket {
  /** Takes a token; returns ms to wait until it is really there (0: now), and undefined when that would be more than `patienceMs`. */
  take(nowMs: number, patienceMs: number): number | undefined
}

export function createBucket(perSecond: number, nowMs: number): Bucket {
  const most = Math.max(1, perSecond)
  let tokens = most
  let filledMs = nowMs
  return {
    take(now, patienceMs) {
      // A clock that was set back fills nothing.
      tokens = Math.min(most, tokens + (Math.max(0, now - filledMs) / 1000) * perSecond)
      filledMs = now
      const waitMs = tokens >= 1 ? 0 : ((1 - tokens) / perSecond) * 1000
      if (waitMs > patienceMs) return undefined
      tokens -= 1
      return waitMs
    },
  }
}
