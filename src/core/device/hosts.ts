/** Names of outside addresses, from DNS answers, TLS and HTTP seen in the capture. */
import { getDomain } from 'tldts'
import { cleanName } from './name.ts'

export const MAX_HOST_NAMES = 50_000
/** What was asked for at connection time names the host better than an answer that may have served another purpose. */
const RANK = { dns: 0, http: 1, sni: 2 } as const

export class HostNames {
  readonly #names = new Map<string, { name: string; rank: number }>()

  add(address: string, text: string, from: keyof typeof RANK): void {
    const rank = RANK[from]
    const known = this.#names.get(address)
    if (known !== undefined && known.rank >= rank) return
    if (known === undefined && this.#names.size >= MAX_HOST_NAMES) return
    const name = cleanName(text.replace(/\.$/u, ''))
    if (name !== undefined) this.#names.set(address, { name, rank })
  }

  get(address: string): string | undefined {
    return this.#names.get(address)?.name
  }
}

/** The part of a host name that somebody registered ("fw.example.co.uk" -> "example.co.uk"); undefined for addresses and single words. */
export function registrableDomain(host: string): string | undefined {
  return getDomain(host) ?? undefined
}
