import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dropFiles, scansEnded, storedRows } from './actions.ts'
import { drawn, keptOffline, open, openSession, ROUTES, type Session } from './harness.ts'
import { labelledCsv } from './labelled.ts'
import { type Site, servePlain, serveSite } from './site.ts'

describe.each([
  ['the small server', () => serveSite()],
  ['the small server under a path', () => serveSite({ basePath: '/some/sub/path' })],
  ['a static host without headers under a path', () => servePlain({ basePath: '/pages/guardian' })],
] as const)('%s', (_, serve) => {
  let site: Site
  let session: Session

  beforeAll(async () => {
    session = await openSession()
    site = await serve()
  })
  afterAll(() => session.close())

  test('after one visit every page opens without a server, and nothing was asked of others', async () => {
    const context = await session.newContext()
    const page = await context.newPage()
    await open(page, `${site.url}no/such/page`)
    await page.getByRole('link', { name: 'Go to Home' }).click()
    await page.waitForURL(site.url)
    await open(page, site.url)
    await keptOffline(page)
    const { url } = site
    await site.close()
    for (const route of ROUTES) {
      await open(page, url + route)
      await page.reload()
      await drawn(page)
      expect(await page.title(), route).not.toBe('')
    }
    expect(session.records.requests.filter((url) => /ort-wasm|workers\/chunks/.test(url))).toEqual([])
    // What the app can do without a server: read, judge, explain.
    await open(page, `${url}scan/`)
    await dropFiles(page, [{ name: 'offline.csv', bytes: labelledCsv({ seed: 2, days: 2 }) }])
    expect(await scansEnded(page, { count: 1 })).toMatchObject([{ state: 'done' }])
    const [found] = await storedRows<{ key: string }>(page, 'cases')
    await open(page, `${url}case/?key=${encodeURIComponent(found!.key)}`)
    await page.getByText(/would have passed as normal|No change of these numbers/).waitFor()
    // An address typed without its last slash.
    await open(page, `${url}scan`)
    expect(page.url()).toBe(`${url}scan/`)
    expect(session.records.foreign).toEqual([])
    expect(session.records.policyReports).toEqual([])
    await context.close()
  })
})
