/** The promise P1 of the threat model, seen from inside the page and from inside a worker. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runDemo, storedRows } from './actions.ts'
import { keptOffline, open, openSession, type Session } from './harness.ts'
import { type Site, servePlain, serveSite } from './site.ts'

const FOREIGN = 'https://example.com/'

/** Starts one of the site's own worker files and asks it, from inside, to fetch from elsewhere. */
async function fetchInsideWorker(page: import('playwright').Page): Promise<string> {
  const started = page.waitForEvent('worker')
  await page.evaluate(() => {
    const own = performance.getEntriesByType('resource').map((entry) => entry.name)
    const file = own.find((name) => name.includes('/_app/immutable/entry/start')) ?? ''
    Reflect.set(globalThis, 'kept', new Worker(file, { type: 'module' }))
  })
  const worker = await started
  return worker.evaluate(tryFetch, FOREIGN)
}

function tryFetch(foreign: string): Promise<string> {
  return fetch(foreign).then(
    () => 'fetched',
    (error: unknown) => String(error),
  )
}

describe.each([
  ['the small server', () => serveSite()],
  ['a static host without headers', () => servePlain({ basePath: '/guardian' })],
] as const)('%s', (_, serve) => {
  let site: Site
  let session: Session

  beforeAll(async () => {
    session = await openSession()
    site = await serve()
  })
  afterAll(async () => {
    await session.close()
    await site.close()
  })

  test('neither page nor worker reaches another origin', async () => {
    const page = await (await session.newContext()).newPage()
    await open(page, site.url)
    await keptOffline(page)
    await page.reload()
    expect(await page.evaluate(tryFetch, FOREIGN)).toContain('Failed to fetch')
    expect(await fetchInsideWorker(page)).toContain('Failed to fetch')
    // Were it not for the policy, the proxy would have seen both.
    expect(session.records.foreign).toEqual([])
    expect(session.records.policyReports.filter((text) => text.includes(FOREIGN)).length).toBeGreaterThanOrEqual(2)
  })

  test('the workers of the very first scan are held as well, and the ledger knows what they loaded', async () => {
    const page = await (await session.newContext()).newPage()
    await runDemo(page, site.url)
    const workers = page.workers()
    expect(workers.length).toBeGreaterThanOrEqual(2)
    for (const worker of workers) expect(await worker.evaluate(tryFetch, FOREIGN)).toContain('Failed to fetch')
    await page.waitForTimeout(500)
    const ledger = await storedRows<{ url: string; own: boolean; kind: string; by: string }>(page, 'ledger')
    const byWorkers = ledger.filter(({ by, kind }) => by === 'worker' && kind === 'request').map(({ url }) => url)
    expect(byWorkers.filter((url) => url.endsWith('.wasm')).length).toBeGreaterThan(0)
    expect(byWorkers.filter((url) => url.includes('/models/')).length).toBeGreaterThan(0)
    expect(ledger.filter(({ kind, own }) => kind === 'blocked' && !own).length).toBeGreaterThanOrEqual(workers.length)
    expect(ledger.filter(({ kind, own }) => kind === 'request' && !own)).toEqual([])
    expect(session.records.foreign).toEqual([])
  })

  test('strings become neither code nor markup', async () => {
    const page = await (await session.newContext()).newPage()
    await open(page, site.url)
    const attempts = await page.evaluate(async () => {
      // The test tool may evaluate strings while it is on the stack, so step off it.
      await new Promise((resolve) => setTimeout(resolve, 0))
      const errorOf = (attempt: () => unknown) => {
        try {
          attempt()
          return 'allowed'
        } catch (error) {
          return error instanceof Error ? error.name : 'refused'
        }
      }
      return {
        innerHtml: errorOf(() => {
          document.createElement('div').innerHTML = '<b>text</b>'
        }),
        evaluated: errorOf(() => Reflect.get(globalThis, 'eval')('1')),
        foreignWorker: errorOf(() => new Worker('https://example.com/worker.js')),
        blobWorker: errorOf(() => new Worker(URL.createObjectURL(new Blob([''])))),
      }
    })
    expect(attempts).toEqual({
      innerHtml: 'TypeError',
      evaluated: 'EvalError',
      foreignWorker: 'TypeError',
      blobWorker: 'TypeError',
    })
    expect(session.records.foreign).toEqual([])
  })
})
