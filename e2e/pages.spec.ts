/** Every page, empty and with the demo in it: no accessibility rule broken, no error, no request elsewhere. */
import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runDemo } from './actions.ts'
import { axeViolations, open, openSession, ROUTES, type Session, screenshot } from './harness.ts'
import { type Site, serveSite } from './site.ts'

const THEMES = ['light', 'dark'] as const
const WIDTHS = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
] as const

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

describe.each(['empty', 'demo'] as const)('%s', (state) => {
  let context: BrowserContext
  let page: Page
  const routes: string[] = [...ROUTES]

  beforeAll(async () => {
    context = await session.newContext()
    page = await context.newPage()
    if (state === 'empty') return
    const found = await runDemo(page, site.url)
    routes.push(...found.routes)
  })
  afterAll(() => context.close())

  test.each(THEMES.flatMap((theme) => WIDTHS.map((size) => [theme, size] as const)))(
    'every page in %s at %o breaks no rule of axe and does not scroll sideways',
    async (theme, size) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      await page.setViewportSize(size)
      for (const route of routes) {
        await open(page, site.url + route)
        await page.waitForLoadState('networkidle')
        const name = `${state}-${theme}-${size.width}-${route.replaceAll(/\W+/g, '-').slice(0, 12) || 'home'}`
        await screenshot(page, name)
        expect(await axeViolations(page), `${route || 'home'}`).toEqual([])
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        expect(overflow, `${route || 'home'} scrolls sideways`).toBeLessThanOrEqual(0)
      }
    },
  )
})

test('no page reported an error, a blocked resource or a request elsewhere', () => {
  expect(session.records.foreign).toEqual([])
  expect(session.records.policyReports).toEqual([])
  expect(session.records.errors).toEqual([])
})
