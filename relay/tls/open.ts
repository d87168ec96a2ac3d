/** The certificate that the relay shows: given files, or its own authority's; looked at again each day, since both are renewed. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openAuthority } from './authority.ts'
import { hostNames, inUrl } from './names.ts'

export interface ShownTls {
  readonly cert: string
  readonly key: string
  /** With an authority of the relay's own. */
  readonly ca?: string
  readonly fingerprint?: string
}

export interface TlsOptions {
  readonly dataDir: string
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly ownAuthority: boolean
  readonly hosts: readonly string[]
}

const DAY_MS = 86_400_000

/** Undefined: plain HTTP. */
export async function openTls({ dataDir, tls, ownAuthority, hosts }: TlsOptions): Promise<ShownTls | undefined> {
  if (tls) return { cert: await readFile(tls.cert, 'utf8'), key: await readFile(tls.key, 'utf8') }
  if (!ownAuthority) return undefined
  const { names, addresses } = hostNames()
  const all = new Set(['localhost', ...hosts, ...names, '127.0.0.1', '::1', ...addresses])
  return openAuthority({ folder: join(dataDir, 'tls'), names: [...all] })
}

/** What this host is called from outside, as it stands in Host headers. */
export function reachedAs(): string[] {
  const { names, addresses } = hostNames()
  return [...names, ...addresses.map(inUrl)]
}

/** Tells of each certificate that is another than the last. Returns what ends it. */
export function watchTls(
  options: TlsOptions,
  shown: ShownTls,
  { renewed, failed, everyMs = DAY_MS }: Watching,
): () => void {
  let { cert } = shown
  const look = async () => {
    const next = await openTls(options)
    if (!next || next.cert === cert) return
    renewed(next)
    cert = next.cert
  }
  // The old one stays until a good one is there.
  const timer = setInterval(() => void look().catch(failed), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

interface Watching {
  readonly renewed: (tls: ShownTls) => void
  readonly failed: (error: unknown) => void
  readonly everyMs?: number
}
