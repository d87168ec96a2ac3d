/** What a person does with the pages: deciding, undoing, comparing, exporting, backing up, brushing, naming columns, by keys too. */
import { readFile } from 'node:fs/promises'
import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dropFiles, runDemo, scansEnded, storedRows } from './actions.ts'
import { drawn, open, openSession, type Session } from './harness.ts'
import { type Site, serveSite } from './site.ts'

let site: Site
let session: Session
let context: BrowserContext
let page: Page
let scanRoute = ''
let caseRoute = ''
let deviceRoute = ''

beforeAll(async () => {
  session = await openSession()
  site = await serveSite()
  context = await session.newContext({
    viewport: { width: 1280, height: 800 },
    acceptDownloads: true,
    timezoneId: 'Asia/Tokyo',
  })
  page = await context.newPage()
  const { routes } = await runDemo(page, site.url)
  scanRoute = routes[0] ?? ''
  caseRoute = routes[1] ?? ''
  deviceRoute = routes[2] ?? ''
})
afterAll(async () => {
  await session.close()
  await site.close()
})

const caseStates = async () => (await storedRows<{ state: string }>(page, 'cases')).map(({ state }) => state)

async function downloaded(click: () => Promise<void>): Promise<{ name: string; path: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()])
  return { name: download.suggestedFilename(), path: await download.path() }
}

describe('a case', () => {
  test('is resolved, and the toast takes it back', async () => {
    await open(page, site.url + caseRoute)
    const before = await caseStates()
    await page.getByRole('button', { name: 'Resolve' }).click()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('button', { name: 'Resolve' }).waitFor()
    expect(await caseStates()).toEqual(before)
  })

  test('is noted as normal and opened again after a reload', async () => {
    await open(page, site.url + caseRoute)
    await page.getByRole('button', { name: 'This is normal' }).click()
    await page.getByRole('button', { name: 'Open again' }).waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'Open again' }).click()
    await page.getByRole('button', { name: 'This is normal' }).waitFor()
    expect(await caseStates()).not.toContain('normal')
  })

  test('tells times by the clock of its sentences, wherever the reader is', async () => {
    await open(page, site.url + caseRoute)
    const head = (await page.locator('main article header').textContent()) ?? ''
    const clock = /at (\d\d:\d\d)/.exec(head)?.[1]
    expect(clock).toBeDefined()
    expect(head).toContain(`, ${clock} –`)
  })

  test('unfolds to its flows, in order of any column', async () => {
    await open(page, site.url + caseRoute)
    await page.locator('summary', { hasText: 'Flows' }).click()
    const table = page.getByRole('table', { name: /Flows of/ })
    await table.getByRole('button', { name: 'Sent', exact: true }).click()
    await table.getByRole('button', { name: 'Sent', exact: true }).click()
    const sent = await table.locator('[role=row]').nth(1).textContent()
    expect(sent).toMatch(/[kMG]?B/)
    expect(Number(await table.getAttribute('aria-rowcount'))).toBeGreaterThan(10)
  })
})

describe('the timeline', () => {
  test('zooms by dragging, keeps the selection in the address, and shows all on a double click', async () => {
    await open(page, site.url + scanRoute)
    const canvas = page.locator('.u-over')
    await canvas.waitFor()
    const box = await canvas.boundingBox()
    if (!box) throw new Error('the timeline has no size')
    await page.mouse.move(box.x + box.width * 0.4, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + 20, { steps: 5 })
    await page.mouse.up()
    await page.waitForURL(/from=\d+&to=\d+/)
    await page.reload()
    await drawn(page)
    expect(page.url()).toMatch(/from=\d+/)
    await page.locator('.u-over').dblclick()
    await page.waitForURL((url) => !url.searchParams.has('from'))
  })

  test('moves and zooms by keys, and has a table twin', async () => {
    await open(page, site.url + scanRoute)
    const lanes = page.getByRole('group', { name: /^Timeline of/ })
    await lanes.focus()
    await page.keyboard.press('+')
    await page.waitForURL(/from=/)
    const from = new URL(page.url()).searchParams.get('from')
    await page.keyboard.press('ArrowRight')
    await page.waitForURL((url) => url.searchParams.get('from') !== from)
    await page.getByRole('button', { name: 'Show as table' }).click()
    expect(await page.getByRole('region', { name: 'Timeline as table' }).locator('tbody tr').count()).toBeGreaterThan(3)
  })
})

describe('keys', () => {
  test('Ctrl-K finds a page by typing', async () => {
    await open(page, site.url)
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('hist')
    await page.keyboard.press('Enter')
    await page.waitForURL(/history\/$/)
  })

  test('g then c goes to the cases, and ? lists the keys', async () => {
    await open(page, site.url)
    await page.keyboard.press('g')
    await page.keyboard.press('c')
    await page.waitForURL(/cases\/$/)
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'hidden' })
  })
})

describe('files', () => {
  test('a table with unknown columns is read once they are named', async () => {
    await open(page, site.url)
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${i % 7},${100 + i},${200 + i}`)
    const bytes = new TextEncoder().encode(['alpha,beta,gamma,delta', ...rows].join('\n'))
    const before = (await storedRows(page, 'scans')).length
    await dropFiles(page, [{ name: 'odd.csv', bytes }])
    await scansEnded(page, { count: before + 1 })
    await page.getByText('Which column is which?').waitFor()
    const columns = ['alpha', 'beta', 'gamma', 'delta']
    const labels = ['Packets sent', 'Packets received', 'Bytes sent', 'Bytes received']
    for (const [i, label] of labels.entries()) await page.getByLabel(label).selectOption(columns[i] ?? '')
    await page.getByRole('button', { name: 'Read it so' }).click()
    const scans = await scansEnded(page, { count: before + 2 })
    expect(scans.at(-1)).toMatchObject({ file: 'odd.csv', state: 'done', summary: { rows: 40, windows: 30 } })
  })

  test('a pasted table is read', async () => {
    await open(page, site.url)
    const before = (await storedRows(page, 'scans')).length
    await page.evaluate(() => {
      const rows = Array.from({ length: 12 }, (_, i) => `${i},1,2,300,400`)
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', ['ts,orig_pkts,resp_pkts,orig_bytes,resp_bytes', ...rows].join('\n'))
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    })
    const scans = await scansEnded(page, { count: before + 1 })
    expect(scans.at(-1)).toMatchObject({ state: 'done', summary: { rows: 12, windows: 2 } })
  })

  test('several files at once are read one after another, the first one shown', async () => {
    await open(page, site.url)
    const before = (await storedRows(page, 'scans')).length
    const rows = Array.from({ length: 15 }, (_, i) => `${i},1,2,300,400`)
    const bytes = new TextEncoder().encode(['ts,orig_pkts,resp_pkts,orig_bytes,resp_bytes', ...rows].join('\n'))
    await dropFiles(page, [
      { name: 'first.csv', bytes },
      { name: 'second.csv', bytes },
    ])
    await scansEnded(page, { count: before + 2 })
    await page.getByRole('heading', { level: 1, name: 'first.csv' }).waitFor()
    await page.getByRole('link', { name: 'second.csv' }).waitFor()
  })
})

test('a device shows its day by the clock of the recording, as bars and as a table', async () => {
  await open(page, site.url + deviceRoute)
  const day = page.getByRole('region', { name: 'Its day' })
  // The loudest hour's figure stands over its bar.
  const sentence = (await day.getByText('It moves most between').textContent()) ?? ''
  await day.locator('svg text', { hasText: /B$/ }).waitFor()
  expect(await day.locator('.lc-bars').count()).toBe(1)
  expect(await day.textContent()).toContain('in UTC')
  await day.getByRole('button', { name: 'Show as table' }).click()
  const rows = await day.locator('tbody tr').allTextContents()
  expect(rows).toHaveLength(24)
  expect(rows.filter((row) => row.includes(/: (.*) in that hour/.exec(sentence)?.[1] ?? 'none'))).not.toEqual([])
})

describe('the history', () => {
  test('compares two scans', async () => {
    await open(page, `${site.url}history/`)
    const boxes = page.getByRole('checkbox')
    await boxes.nth(0).check()
    await boxes.nth(1).check()
    await page.getByRole('button', { name: 'Compare two' }).click()
    await page.getByRole('heading', { name: 'What changed' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'History' }).waitFor()
  })

  test('exports as CSV and JSON', async () => {
    await open(page, `${site.url}history/`)
    const choose = async (name: string) => {
      await page.getByRole('button', { name: 'Export all' }).click()
      await page.getByRole('menuitem', { name }).click()
    }
    const csv = await downloaded(() => choose('Scans as CSV'))
    expect((await readFile(csv.path, 'utf8')).split('\n')[0]).toContain('anomalies')
    const json = await downloaded(() => choose('Everything as JSON'))
    expect(JSON.parse(await readFile(json.path, 'utf8'))).toMatchObject({ format: 'iot-guardian-history/1' })
  })

  test('deletes, and takes it back', async () => {
    await open(page, `${site.url}history/`)
    const rows = page.locator('main tbody tr')
    await rows.first().waitFor()
    const count = await rows.count()
    await page.getByRole('checkbox').first().check()
    await page.getByRole('button', { name: 'Delete' }).click()
    await expect.poll(() => rows.count()).toBe(count - 1)
    await page.getByRole('button', { name: 'Undo' }).first().click()
    await expect.poll(() => rows.count()).toBe(count)
  })
})

describe('settings', () => {
  test('a backup is saved, looked through, and brings back what was lost', async () => {
    await open(page, `${site.url}settings/`)
    const backup = await downloaded(() => page.getByRole('button', { name: 'Save a backup' }).click())
    const scans = (await storedRows(page, 'scans')).length
    const other = await session.newContext()
    const fresh = await other.newPage()
    await open(fresh, `${site.url}settings/`)
    const [chooser] = await Promise.all([
      fresh.waitForEvent('filechooser'),
      fresh.getByRole('button', { name: 'Restore from a file' }).click(),
    ])
    await chooser.setFiles({
      name: backup.name,
      mimeType: 'application/octet-stream',
      buffer: await readFile(backup.path),
    })
    await fresh.getByRole('button', { name: 'Add to what is here' }).click()
    await fresh.getByText(/restored\./).waitFor()
    expect(await storedRows(fresh, 'scans')).toHaveLength(scans)
    await other.close()
  })

  test('the theme holds across a reload', async () => {
    await open(page, `${site.url}settings/`)
    await page.getByLabel('Dark').check()
    await page.reload()
    await drawn(page)
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
    await page.getByLabel('As the system').check()
  })

  test('the list of requests shows only the app itself', async () => {
    await open(page, `${site.url}settings/`)
    await page.getByText('Nothing was sent to anyone.').waitFor()
    await page.locator('summary', { hasText: 'Every request' }).click()
    await page.getByRole('region', { name: 'Requests' }).locator('tbody tr').first().waitFor()
    expect(session.records.foreign).toEqual([])
  })
})

test('nothing of all this broke the policy or threw', () => {
  expect(session.records.policyReports).toEqual([])
  expect(session.records.errors).toEqual([])
})
