/** What a person called normal: the next scan of the same keeps the case and does not count it; taken back, it is told again. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { dropFiles, runDemo, scansEnded, storedRows } from './actions.ts'
import { open, openSession } from './harness.ts'
import { serveSite } from './site.ts'

const DEMO = new URL('../static/demo/home.pcap.gz', import.meta.url)

test('a case called normal is quieted in the next scan, and taken back it is told again', async () => {
  const session = await openSession()
  const site = await serveSite()
  try {
    const page = await (await session.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
    const quieted = async () =>
      (await storedRows<{ state: string }>(page, 'cases')).filter(({ state }) => state === 'quieted').length
    const { routes } = await runDemo(page, site.url)
    await open(page, site.url + routes[1])
    await page.getByRole('button', { name: 'This is normal' }).click()
    await page.getByRole('button', { name: 'Open again' }).waitFor()
    await open(page, `${site.url}scan/`)
    await dropFiles(page, [{ name: 'home.pcap.gz', bytes: await readFile(DEMO) }])
    await scansEnded(page, { count: 2 })
    expect(await quieted()).toBe(1)
    await page.getByText('1 case quieted by what you called normal').waitFor()
    await open(page, `${site.url}settings/`)
    await page.getByRole('button', { name: 'Tell me again' }).click()
    await expect.poll(quieted).toBe(0)
  } finally {
    await session.close()
    await site.close()
  }
})
