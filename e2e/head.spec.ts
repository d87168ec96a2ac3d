/** What a person called bad, taught: a head on the shipped forest, put in use and listed. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { dropFiles, scansEnded, storedRows } from './actions.ts'
import { open, openSession, screenshot } from './harness.ts'
import { serveSite } from './site.ts'

const RECORDING = new URL('../static/demo/home.pcap.gz', import.meta.url)

interface StoredCase {
  readonly key: string
  readonly value: { readonly severity: string }
}

test('a critical case called bad is taught to a head, which is put in use and listed', async () => {
  const session = await openSession()
  const site = await serveSite()
  try {
    const page = await (await session.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
    await open(page, `${site.url}scan/`)
    await dropFiles(page, [{ name: 'home.pcap.gz', bytes: await readFile(RECORDING) }])
    await scansEnded(page, { count: 1 })
    const train = page.getByRole('button', { name: 'Train', exact: true })

    await open(page, `${site.url}models/?do=train`)
    await page.getByRole('radio', { name: 'What you said' }).check()
    await page.getByText('Teach it what you told it: 0 normal, 0 bad.').waitFor()
    expect(await train.isDisabled()).toBe(true)

    const cases = await storedRows<StoredCase>(page, 'cases')
    const critical = cases.find(({ value }) => value.severity === 'critical')
    await open(page, `${site.url}case/?key=${encodeURIComponent(critical!.key)}`)
    await page.getByRole('button', { name: 'This was bad' }).click()
    await expect
      .poll(async () => (await storedRows<{ state: string }>(page, 'cases')).some(({ state }) => state === 'bad'))
      .toBe(true)

    await open(page, `${site.url}models/?do=train`)
    await page.getByRole('radio', { name: 'What you said' }).check()
    await page.getByText('Teach it what you told it: 0 normal, 1 bad.').waitFor()
    await screenshot(page, 'training-head')
    await train.click()
    await Promise.race([
      page.waitForURL(/models\/\?id=/, { timeout: 60_000 }),
      page
        .getByRole('alert')
        .getByText('It did not learn.')
        .waitFor({ timeout: 60_000 })
        .then(async () => {
          throw new Error((await page.getByRole('alert').textContent()) ?? '')
        }),
    ])
    const made = await storedRows<{ name: string; kind: string; parent: string }>(page, 'models')
    expect(made).toMatchObject([{ name: 'head', kind: 'head', parent: 'isolation-forest 1.0.0' }])

    await page.getByRole('button', { name: 'Use this model' }).click()
    await expect.poll(async () => (await storedRows(page, 'promotions')).length).toBe(1)
    await open(page, `${site.url}models/`)
    await page.getByRole('region', { name: 'In use' }).getByRole('link', { name: 'head 1.0.0' }).waitFor()
    expect(session.records.foreign).toEqual([])
    expect(session.records.policyReports).toEqual([])
    expect(session.records.errors).toEqual([])
  } finally {
    await session.close()
    await site.close()
  }
})
