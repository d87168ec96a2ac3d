/** Secrets that the relay hands out: 256 random bits, of which it keeps only the SHA-256 (enough for secrets that nobody can guess). */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const TOKEN_BYTES = 32

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

export function isSameHash(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}

const SYLLABLES = 'bcdfghjkmnpqrstvwxyz23456789'
const GROUPS = 4
const GROUP = 5

/** To be read off a screen and typed: 20 of 28 letters and digits, 96 bits. */
export function newCode(): string {
  const letters = Array.from({ length: GROUPS * GROUP }, () => SYLLABLES[randomBelow(SYLLABLES.length)])
  return Array.from({ length: GROUPS }, (_, i) => letters.slice(i * GROUP, (i + 1) * GROUP).join('')).join('-')
}

function randomBelow(limit: number): number {
  for (;;) {
    const byte = randomBytes(1)[0] ?? 255
    if (byte < 256 - (256 % limit)) return byte % limit
  }
}
