/**
 * The page under load, in real Chromium against the built site: `node bench/page.bench.ts --capture FILE [--runs 5] [--only capture]`.
 * Prints JavaScript of the first route, demo, 1,000 and 1,000,000 rows, and a large capture: first finding, stop, longest wait of the
 * page, and the renderer's memory over time. Build first. Nothing but this machine's loopback is used.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright'
import { scansEnded } from '../e2e/actions.ts'
import { open, openSession, type Session } from '../e2e/harness.ts'
import { BUILD, serveSite } from '../e2e/site.ts'

const { values } = parseArgs({
  options: {
    capture: { type: 'string' },
    runs: { type: 'string', default: '5' },
    rows: { type: 'string', default: '1000000' },
    /** route, demo, small, rows, capture or stop; by default all. */
    only: { type: 'string' },
  },
})
const runs = Number(values.runs)
const folder = mkdtempSync(join(tmpdir(), 'guardian-bench-'))
const site = await serveSite()

/** In their order. */
const PARTS: Readonly<Record<string, () => Promise<string | undefined>>> = {
  route: async () => `first route: ${await firstRouteKilobytes()} kB of JavaScript (gzip)`,
  demo: async () => `demo, click to first case: ${spell(await repeat(runs, demoMs))} ms`,
  small: async () =>
    `1,000 rows, drop to findings (model loaded): ${spell(await repeat(runs, (page) => tableMs(page, small)))} ms`,
  rows: async () => {
    const large = makeTable(Number(values.rows))
    const seconds = await repeat(1, (page, session) => wholeFile(page, session, large))
    return `${values.rows} rows, drop to done: ${spell(seconds)} s`
  },
  capture: async () => {
    const { capture } = values
    if (!capture) return undefined
    return `capture, whole: ${spell(await repeat(1, (page, session) => wholeFile(page, session, capture)))} s`
  },
  stop: async () => {
    const { capture } = values
    if (!capture) return undefined
    return `capture, stop: ${spell(await repeat(runs, (page) => stopMs(page, capture)))} ms`
  },
}
const small = makeTable(1000)

try {
  for (const [name, measure] of Object.entries(PARTS)) {
    if (values.only !== undefined && values.only !== name) continue
    const line = await measure()
    if (line !== undefined) console.log(line)
  }
} finally {
  await site.close()
  rmSync(folder, { recursive: true })
}

function makeTable(rows: number): string {
  const path = join(folder, `${rows}.csv`)
  execFileSync(process.execPath, ['tools/make-table.ts', '--rows', String(rows), '--out', path])
  return path
}

/** Gzipped size of all scripts that the home page asks for before anything is clicked. */
async function firstRouteKilobytes(): Promise<string> {
  const session = await openSession()
  const page = await (await session.newContext({ serviceWorkers: 'block' })).newPage()
  await open(page, site.url)
  await page.waitForTimeout(2000)
  await session.close()
  const scripts = new Set(session.records.requests.filter((url) => /\.m?js$/.test(url) && !url.includes('/workers/')))
  let bytes = 0
  for (const url of scripts) bytes += gzipSync(readFileSync(join(BUILD, new URL(url).pathname))).length
  return (bytes / 1000).toFixed(1)
}

async function repeat(times: number, measure: (page: Page, session: Session) => Promise<number>): Promise<number[]> {
  const results: number[] = []
  for (let i = 0; i < times; i++) {
    const session = await openSession()
    const page = await (await session.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
    await open(page, `${site.url}scan/`)
    await watch(page)
    results.push(await measure(page, session))
    await session.close()
  }
  return results
}

/** Notes in the page when the first case is on screen, and the longest time in which the page did not answer. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const marks = { firstCase: 0, longestWait: 0 }
    Object.assign(globalThis, { marks })
    let last = performance.now()
    setInterval(() => {
      const now = performance.now()
      marks.longestWait = Math.max(marks.longestWait, now - last - 10)
      last = now
    }, 10)
    const look = () => {
      if (!marks.firstCase && document.querySelector('a[href*="key="]')) marks.firstCase = Date.now()
    }
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
}

function marks(page: Page): Promise<{ firstCase: number; longestWait: number }> {
  return page.evaluate(() => Reflect.get(globalThis, 'marks'))
}

/** The worker has its model when a scan of anything has ended. */
async function warm(page: Page): Promise<void> {
  await page.waitForFunction(() => performance.getEntriesByType('resource').length > 0)
  await choose(page, join(folder, '1000.csv'))
  await scansEnded(page, { count: 1 })
  await page.evaluate(() => history.back())
  await page.getByRole('button', { name: 'Open files' }).waitFor()
}

async function choose(page: Page, path: string): Promise<number> {
  const chooser = page.waitForEvent('filechooser')
  await page
    .getByRole('button', { name: /Open files|Scan a file/ })
    .first()
    .click()
  const dialog = await chooser
  await page.evaluate(() => Object.assign(Reflect.get(globalThis, 'marks'), { firstCase: 0, longestWait: 0 }))
  const startedMs = Date.now()
  await dialog.setFiles(path)
  return startedMs
}

async function demoMs(page: Page): Promise<number> {
  await page.goto(site.url)
  await watch(page)
  const startedMs = Date.now()
  await page.getByRole('button', { name: /demo/i }).first().click()
  await page.waitForFunction(() => Reflect.get(globalThis, 'marks').firstCase > 0)
  return (await marks(page)).firstCase - startedMs
}

async function tableMs(page: Page, path: string): Promise<number> {
  await warm(page)
  const startedMs = await choose(page, path)
  await page.waitForFunction(() => Reflect.get(globalThis, 'marks').firstCase > 0)
  return (await marks(page)).firstCase - startedMs
}

/** Seconds from the choice of the file to its end. */
async function wholeFile(page: Page, session: Session, path: string): Promise<number> {
  await warm(page)
  const memory = recordMemory()
  const startedMs = await choose(page, path)
  await scansEnded(page, { count: 2, timeoutMs: 600_000 })
  const seconds = (Date.now() - startedMs) / 1000
  const { firstCase, longestWait } = await marks(page)
  console.log(
    `  first case after ${firstCase - startedMs} ms, longest wait ${longestWait.toFixed(0)} ms, errors ${session.records.errors.length}`,
  )
  console.log(`  memory of the tab: ${memory.stop()}`)
  return seconds
}

async function stopMs(page: Page, path: string): Promise<number> {
  await warm(page)
  await choose(page, path)
  await page.waitForURL(/id=/)
  await page.waitForTimeout(2000)
  const startedMs = Date.now()
  await page.getByRole('button', { name: /Stop/ }).click()
  await page.getByText(/Being read\./).waitFor({ state: 'detached' })
  const stoppedMs = Date.now() - startedMs
  const scans = await scansEnded(page, { count: 2 })
  if (scans[1]?.state !== 'stopped') throw new Error(`the scan was ${scans[1]?.state} before it could be stopped`)
  return stoppedMs
}

/** Private memory (RssAnon, as Chromium's own task manager counts it) of the largest renderer below this process, twice a second. */
function recordMemory(): { stop(): string } {
  const startedMs = Date.now()
  const samples: [number, number][] = []
  const timer = setInterval(() => samples.push([(Date.now() - startedMs) / 1000, rendererMegabytes()]), 500)
  return {
    stop() {
      clearInterval(timer)
      const step = Math.max(1, Math.floor(samples.length / 12))
      const line = samples.filter((_, i) => i % step === 0).map(([at, size]) => `${at.toFixed(0)}s:${size}`)
      return `${line.join(' ')}, most ${Math.max(0, ...samples.map(([, size]) => size))} MB`
    },
  }
}

function rendererMegabytes(): number {
  const parents = new Map<number, number>()
  const sizes = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const id = Number(name)
    if (!Number.isInteger(id)) continue
    try {
      const status = readFileSync(`/proc/${id}/status`, 'utf8')
      parents.set(id, Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]))
      if (readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('--type=renderer'))
        sizes.set(id, Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024)
    } catch (error) {
      // A process that ended between the listing and the look.
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')))
        throw error
    }
  }
  const isOurs = (id: number): boolean => id === process.pid || (parents.has(id) && isOurs(parents.get(id)!))
  return Math.round(Math.max(0, ...[...sizes].filter(([id]) => isOurs(id)).map(([, size]) => size)))
}

function spell(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b)
  return `median ${sorted[Math.floor(sorted.length / 2)]!.toFixed(1)}, min ${sorted[0]!.toFixed(1)}, n ${sorted.length}`
}
