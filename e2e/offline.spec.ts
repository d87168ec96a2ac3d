import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drawn, keptOffline, open, openSession, ROUTES, type Session } from './harness.ts'
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
    // An address typed without its last slash.
    await open(page, `${url}scan`)
    expect(page.url()).toBe(`${url}scan/`)
    expect(session.records.foreign).toEqual([])
    expect(session.records.policyReports).toEqual([])
    await context.close()
  })
})
