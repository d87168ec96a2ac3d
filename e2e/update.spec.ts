import { afterAll, beforeAll, expect, test } from 'vitest'
import { keptOffline, open, openSession, type Session } from './harness.ts'
import { type Site, servePlain } from './site.ts'

let site: Site
let session: Session
let version = 'one'

beforeAll(async () => {
  session = await openSession()
  site = await servePlain({ basePath: '/guardian', version: () => version })
})
afterAll(async () => {
  await session.close()
  await site.close()
})

test('a new version waits for consent, then takes over', async () => {
  const page = await (await session.newContext()).newPage()
  await open(page, site.url)
  await keptOffline(page)
  await page.reload()
  expect(await page.getByText('A new version is ready').count()).toBe(0)
  version = 'two'
  await page.reload()
  await page.getByText('A new version is ready').waitFor()
  const states = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration()
      return [registration?.active?.state, registration?.waiting?.state]
    })
  // Going from page to page, and a reload, leave the old version in charge.
  await page.reload()
  await page.getByText('A new version is ready').waitFor()
  expect(await states()).toEqual(['activated', 'installed'])
  const reloaded = page.waitForEvent('load')
  await page.getByRole('button', { name: 'Update now' }).click()
  await reloaded
  await page.locator('h1').first().waitFor()
  expect(await states()).toEqual(['activated', undefined])
  expect(await page.getByText('A new version is ready').count()).toBe(0)
})
