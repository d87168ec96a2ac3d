/** What is stored stays (threat model P2): across reloads and tabs, when the tab goes away in mid-scan, and when the disk is full. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { dropFiles, runDemo, type StoredScan, scansEnded, storedRows } from './actions.ts'
import { busyCapture } from './busy-capture.ts'
import { open, openSession, type Session } from './harness.ts'
import { type Site, serveSite } from './site.ts'

/** For what takes a second on a free machine and many on a loaded one. */
const PATIENT_MS = 30_000

interface StoredCase {
  readonly key: string
  readonly state: string
}

// Two waits of that length and a browser's start fit into one test.
vi.setConfig({ testTimeout: 4 * PATIENT_MS })

let site: Site
let session: Session

beforeAll(async () => {
  session = await openSession()
  site = await serveSite()
})
afterAll(async () => {
  await session.close()
  await site.close()
})

test('a scan and a decision survive a reload and are seen in another tab', async () => {
  const context = await session.newContext()
  const page = await context.newPage()
  const { routes } = await runDemo(page, site.url)
  const caseRoute = routes.find((route) => route.startsWith('case/')) ?? ''
  const other = await context.newPage()
  await open(other, `${site.url}cases/`)
  await other.locator('main a[href*="key="]').first().waitFor()
  // The list may still be growing: what the store holds open is what it comes to.
  const before = (await storedRows<StoredCase>(page, 'cases')).filter(({ state }) => state === 'open').length
  expect(before).toBeGreaterThan(0)
  await expect.poll(() => other.locator('main a[href*="key="]').count(), { timeout: PATIENT_MS }).toBe(before)
  await open(page, site.url + caseRoute)
  await page
    .getByRole('button', { name: /resolve/i })
    .first()
    .click()
  // The other tab follows without being touched.
  await expect.poll(() => other.locator('main a[href*="key="]').count(), { timeout: PATIENT_MS }).toBe(before - 1)
  await page.reload()
  const cases = await storedRows<StoredCase>(page, 'cases')
  expect(cases.filter(({ state }) => state === 'resolved')).toHaveLength(1)
  await context.close()
})

test('a tab closed in mid-scan leaves what was found, marked as interrupted', async () => {
  const context = await session.newContext()
  const page = await context.newPage()
  await open(page, `${site.url}scan/`)
  await dropFiles(page, [{ name: 'busy.pcap.gz', bytes: gzipSync(busyCapture({ hours: 96, seed: 2 }), { level: 1 }) }])
  await expect
    .poll(async () => (await storedRows<StoredCase>(page, 'cases')).length, { timeout: PATIENT_MS })
    .toBeGreaterThan(0)
  const [running] = await storedRows<StoredScan>(page, 'scans')
  expect(running?.state).toBe('running')
  const seen = await storedRows<StoredCase>(page, 'cases')
  await page.close()
  const later = await context.newPage()
  await open(later, `${site.url}scan/?id=${running?.id}`)
  await expect
    .poll(async () => (await storedRows<StoredScan>(later, 'scans'))[0]?.state, { timeout: PATIENT_MS })
    .toBe('interrupted')
  const kept = new Set((await storedRows<StoredCase>(later, 'cases')).map(({ key }) => key))
  expect(seen.filter(({ key }) => !kept.has(key))).toEqual([])
  await context.close()
})

/** Put before a worker's own script: after some writes the disk is full. (Chromium's own quota override does nothing here, 156.) */
const FULL_DISK = `{
  const put = IDBObjectStore.prototype.put
  let left = 3
  IDBObjectStore.prototype.put = function (...record) {
    if (left-- > 0) return put.apply(this, record)
    throw new DOMException('No room.', 'QuotaExceededError')
  }
}
`

test('a full disk is told, and the findings are shown all the same', async () => {
  // Without a service worker, so that the worker's file comes by here.
  const context = await session.newContext({ serviceWorkers: 'block' })
  await context.route(/scan\.worker[^/]*\.js$/, async (route) => {
    const response = await route.fetch()
    const { 'content-encoding': _, 'content-length': __, ...headers } = response.headers()
    await route.fulfill({ status: 200, headers, body: FULL_DISK + (await response.text()) })
  })
  const page = await context.newPage()
  await open(page, site.url)
  await page.getByRole('button', { name: 'Try the demo home' }).click()
  await page.locator('main a[href*="key="]').first().waitFor()
  await page.getByText('Not saved: no room').first().waitFor()
  expect(await storedRows<StoredCase>(page, 'cases')).toEqual([])
  expect(session.records.errors).toEqual([])
  await context.close()
})

test('a scan in one tab is not taken for dead by another tab', async () => {
  const context = await session.newContext()
  const page = await context.newPage()
  await open(page, `${site.url}scan/`)
  await dropFiles(page, [{ name: 'busy.pcap.gz', bytes: gzipSync(busyCapture({ hours: 48, seed: 3 }), { level: 1 }) }])
  await expect
    .poll(async () => (await storedRows<StoredScan>(page, 'scans'))[0]?.state, { timeout: PATIENT_MS })
    .toBe('running')
  const other = await context.newPage()
  await open(other, `${site.url}history/`)
  const [scan] = await scansEnded(page, { count: 1 })
  expect(scan?.state).toBe('done')
  await context.close()
})
