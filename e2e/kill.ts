/**
 * `npm run kill-test`: Chromium is killed again and again while a capture is read. After each restart the database opens, every case
 * that a page could read before the kill is there, at least as grown, and the scan that was cut off says so. (Threat model P2.)
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright'
import { createRandom } from '#core/base/random.ts'
import { chooseFile, type StoredScan, storedFindingCounts, storedRows } from './actions.ts'
import { busyCapture } from './busy-capture.ts'
import { open } from './harness.ts'
import { startKillable } from './killable.ts'
import { serveSite } from './site.ts'

export interface KillReport {
  readonly kills: number
  /** Cases read before a kill, over all kills. */
  readonly acknowledged: number
  /** Kills before which at least one case of the running scan was read. */
  readonly killsWithCases: number
  readonly lost: readonly string[]
}

/** History is dropped after so many kills, or the disk fills. */
const KILLS_PER_PROFILE = 10
const MAX_WAIT_MS = 6000
/** Between two looks, so that the scan has the machine. */
const POLL_MS = 50

export async function killTest(options: {
  kills: number
  seed: number
  say: (line: string) => void
}): Promise<KillReport> {
  const random = createRandom(options.seed)
  const folder = await mkdtemp(join(tmpdir(), 'guardian-kill-'))
  const capture = join(folder, 'busy.pcap.gz')
  await writeFile(capture, gzipSync(busyCapture({ hours: 96, seed: options.seed }), { level: 1 }))
  const site = await serveSite()
  const lost: string[] = []
  let seen = new Map<string, number>()
  let acknowledged = 0
  let killsWithCases = 0
  let profile = join(folder, 'profile-0')
  try {
    for (let kill = 1; kill <= options.kills; kill++) {
      const browser = await startKillable(profile)
      try {
        await open(browser.page, `${site.url}scan/`)
        lost.push(...(await missing(browser.page, seen)))
        await startScan(browser.page, capture)
        const waitMs = 500 + random.int(MAX_WAIT_MS)
        const before = await watchCases(browser.page, { untilMs: Date.now() + waitMs, seen })
        if (before > 0) killsWithCases++
        acknowledged += before
        options.say(
          `kill ${kill}: after ${waitMs} ms, ${before} cases of this scan, ${seen.size} in all, ${lost.length} lost`,
        )
      } finally {
        await browser.kill()
      }
      if (kill % KILLS_PER_PROFILE === 0 || kill === options.kills) {
        lost.push(...(await lastLook(profile, site.url, seen)))
        await rm(profile, { recursive: true, force: true, maxRetries: 5 })
        profile = join(folder, `profile-${kill}`)
        seen = new Map()
      }
    }
  } finally {
    await site.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return { kills: options.kills, acknowledged, killsWithCases, lost }
}

async function startScan(page: Page, capture: string): Promise<void> {
  await chooseFile(page, capture)
  await page.waitForURL(/\bid=/)
}

/** Reads the cases over and over until the time is up; resolves to how many of the running scan there were. */
async function watchCases(page: Page, options: { untilMs: number; seen: Map<string, number> }): Promise<number> {
  const scanId = new URL(page.url()).searchParams.get('id') ?? ''
  let count = 0
  while (Date.now() < options.untilMs) {
    const own = [...(await storedFindingCounts(page))].filter(([key]) => key.startsWith(`${scanId}/`))
    for (const [key, findings] of own) options.seen.set(key, findings)
    count = own.length
    await page.waitForTimeout(POLL_MS)
  }
  return count
}

/** Sentences about what was there before and is not now. */
async function missing(page: Page, seen: ReadonlyMap<string, number>): Promise<string[]> {
  const cases = await storedFindingCounts(page)
  const problems: string[] = []
  for (const [key, findings] of seen) {
    const now = cases.get(key)
    if (now === undefined) problems.push(`case ${key} is gone`)
    else if (now < findings) problems.push(`case ${key} had ${findings} findings, now ${now}`)
  }
  await page.waitForFunction(() => navigator.locks.query().then(({ held }) => held?.length === 0))
  const scans = await storedRows<StoredScan>(page, 'scans')
  const ids = new Set(scans.map(({ id }) => id))
  for (const key of seen.keys()) if (!ids.has(key.split('/', 1)[0] ?? '')) problems.push(`the scan of ${key} is gone`)
  const running = await untilNoneRuns(page)
  return [...problems, ...running.map(({ id }) => `scan ${id} still says running`)]
}

/** Marking scans as interrupted is one of the first things that a page does; it is given a moment. */
async function untilNoneRuns(page: Page): Promise<StoredScan[]> {
  for (let tries = 0; ; tries++) {
    const running = (await storedRows<StoredScan>(page, 'scans')).filter(({ state }) => state === 'running')
    if (running.length === 0 || tries === 50) return running
    await page.waitForTimeout(100)
  }
}

async function lastLook(profile: string, url: string, seen: ReadonlyMap<string, number>): Promise<string[]> {
  const browser = await startKillable(profile)
  try {
    await open(browser.page, `${url}scan/`)
    return await missing(browser.page, seen)
  } finally {
    await browser.kill()
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
  })
  const report = await killTest({ kills: Number(values.kills), seed: Number(values.seed), say: console.log })
  for (const line of report.lost) console.log(line)
  console.log(
    `${report.kills} kills, ${report.killsWithCases} of them with cases already written, ${report.acknowledged} cases acknowledged, ${report.lost.length} lost`,
  )
  process.exit(report.lost.length === 0 ? 0 : 1)
}
