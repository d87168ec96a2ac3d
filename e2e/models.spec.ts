/** A model's life in the page: trained on a labelled file, evaluated, compared, put in use, taken back, exported, imported, deleted. */
import { readFile } from 'node:fs/promises'
import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dropFiles, scansEnded, storedRows } from './actions.ts'
import { drawn, look, open, openSession, type Session } from './harness.ts'
import { labelledCsv } from './labelled.ts'
import { type Site, serveSite } from './site.ts'

interface StoredModel {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly kind: string
  readonly parent?: string
  readonly deletedAt?: number
}

const learnt = { name: 'week one.csv', bytes: labelledCsv({ seed: 1, days: 3 }) }
const judged = { name: 'week two.csv', bytes: labelledCsv({ seed: 2, days: 3 }) }

let site: Site
let session: Session
let context: BrowserContext
let page: Page

beforeAll(async () => {
  session = await openSession()
  site = await serveSite()
  context = await session.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true })
  page = await context.newPage()
})
afterAll(async () => {
  await session.close()
  await site.close()
})

const models = () => storedRows<StoredModel>(page, 'models')
const inUse = () => page.getByRole('region', { name: 'In use' })

async function train(kind: string, file: typeof learnt): Promise<StoredModel> {
  const before = new Set((await models()).map(({ id }) => id))
  await open(page, `${site.url}models/?do=train`)
  await page.getByRole('radio', { name: kind }).check()
  await dropFiles(page, [file])
  await expect.poll(() => page.getByLabel('Which column says').inputValue()).toBe('label')
  expect(await page.getByLabel('Which value means normal?').inputValue()).toBe('Benign')
  if (before.size === 0) await look(page, 'models-train')
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  await page.waitForURL(/models\/\?id=/)
  const made = (await models()).find(({ id }) => !before.has(id))
  if (!made) throw new Error('no model was kept')
  return made
}

test('a dropped file goes to the page that asks for one, and is not scanned', async () => {
  await open(page, `${site.url}models/?do=train`)
  await dropFiles(page, [learnt])
  await page.getByText('week one.csv').waitFor()
  expect(await storedRows(page, 'scans')).toEqual([])
})

test('what cannot be learnt from is refused with a sentence, and nothing is kept', async () => {
  await open(page, `${site.url}models/?do=train`)
  await dropFiles(page, [{ name: 'three.csv', bytes: learnt.bytes.slice(0, 400) }])
  await page.getByLabel('Which column says').waitFor()
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  await page.getByRole('alert').getByText('It did not learn.').waitFor()
  expect(await page.getByRole('alert').textContent()).toMatch(/at least \d+ rows/)
  expect(await models()).toEqual([])
})

let explainedCase: string
let forest: StoredModel
let trees: StoredModel

test('a forest learns what is normal from a labelled file, and its card says from what', async () => {
  forest = await train('Isolation forest', learnt)
  expect(forest).toMatchObject({ name: 'isolation-forest', version: '1.0.0', kind: 'isolation-forest' })
  await page.getByRole('heading', { level: 1, name: 'isolation-forest 1.0.0' }).waitFor()
  await page.getByRole('heading', { name: 'What it learnt from' }).waitFor()
  await look(page, 'models-detail')
})

test('it is evaluated on another file: false cases and intervals first, beside plain detectors', async () => {
  await page.getByRole('link', { name: 'Evaluate', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Evaluate a model' }).waitFor()
  await dropFiles(page, [judged])
  await page.getByRole('button', { name: 'Evaluate', exact: true }).click()
  const table = page.getByRole('region', { name: 'What was found of each class' })
  await table.waitFor()
  expect(await table.locator('tbody tr').allTextContents()).toHaveLength(4)
  const text = (await page.locator('main').textContent()) ?? ''
  expect(text.indexOf('False cases a week')).toBeLessThan(text.indexOf('PR-AUC'))
  expect(text).not.toMatch(/accuracy/i)
  const [kept] = await storedRows<{ modelId: string; file: string; report: { rows: number } }>(page, 'evaluations')
  expect(kept).toMatchObject({ modelId: forest.id, file: 'week two.csv' })
  await page.getByRole('button', { name: 'Find out' }).click()
  const leaning = page.getByRole('region', { name: 'What it leans on' })
  await leaning.getByText(/of the flows\. One number/).waitFor({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Try plain detectors' }).click()
  await page.getByRole('region', { name: 'A kind of attack it never saw' }).waitFor({ timeout: 120_000 })
  await look(page, 'models-evaluation')
}, 180_000)

test('the evaluation is listed with its model, opens again, and is given as JSON', async () => {
  await open(page, `${site.url}models/?id=${forest.id}`)
  const listed = page.getByRole('region', { name: 'Evaluations of this model' })
  await listed.getByRole('link', { name: 'week two.csv' }).click()
  await page.getByRole('heading', { level: 1, name: 'isolation-forest 1.0.0 on week two.csv' }).waitFor()
  await page.getByRole('region', { name: 'What was found of each class' }).waitFor()
  await look(page, 'models-report')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as JSON' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('isolation-forest-1.0.0-on-week-two.csv.json')
  const saved: unknown = JSON.parse(await readFile(await download.path(), 'utf8'))
  const [kept] = await storedRows<{ report: { rows: number; perClass: object } }>(page, 'evaluations')
  expect(saved).toMatchObject({ model: 'isolation-forest 1.0.0', file: 'week two.csv', ...kept!.report })
})

test('boosted trees learn from the labels, are compared with the forest and take over with the verdict as reason', async () => {
  await open(page, `${site.url}models/?id=${forest.id}`)
  await page.getByRole('button', { name: 'Use this model' }).click()
  await expect.poll(async () => (await storedRows(page, 'promotions')).length).toBe(1)
  trees = await train('Boosted trees', learnt)
  await page.getByRole('link', { name: 'Compare with the one in use' }).click()
  await page.getByRole('heading', { level: 1, name: 'Compare two models' }).waitFor()
  await dropFiles(page, [judged])
  await page.getByRole('button', { name: 'Compare', exact: true }).click()
  await page.getByRole('heading', { name: 'The challenger is better.' }).waitFor({ timeout: 60_000 })
  await look(page, 'models-comparison')
  await page.getByRole('button', { name: 'Use boosting 1.0.0' }).click()
  await inUse().getByRole('link', { name: 'boosting 1.0.0' }).waitFor()
  expect(await inUse().textContent()).toContain('boosting 1.0.0 does better than isolation-forest 1.0.0')
  await look(page, 'models-list')
}, 120_000)

test('the next scan is judged by the model in use, and says so', async () => {
  await open(page, site.url)
  await dropFiles(page, [judged])
  const [scan] = await scansEnded(page, { count: 1 })
  expect(scan).toMatchObject({ state: 'done', summary: { model: { name: 'boosting', version: '1.0.0' } } })
  const found = await storedRows<{ value: { findings: { detector: string; reasons: unknown[] }[] } }>(page, 'cases')
  const spoken = found.flatMap(({ value }) => value.findings).filter(({ detector }) => detector === 'model')
  expect(spoken.length).toBeGreaterThan(0)
  expect(spoken[0]?.reasons.length).toBeGreaterThan(0)
  await look(page, 'models-scan')
  await page.getByText('Model and baseline').click()
  await page.getByText('plain code').waitFor()
}, 120_000)

test('a case of it is explained by that model: parts that sum to the score, and what would have been normal', async () => {
  const cases = await storedRows<{ key: string; value: { findings: { detector: string }[] } }>(page, 'cases')
  const spoken = cases.find(({ value }) => value.findings.some(({ detector }) => detector === 'model'))
  explainedCase = `${site.url}case/?key=${encodeURIComponent(spoken!.key)}`
  await open(page, explainedCase)
  const sign = page.getByRole('region', { name: 'The strongest sign' })
  await sign.getByText(/would have passed as normal|No change of these numbers/).waitFor()
  expect(await sign.textContent()).toMatch(/% of what made it stand out|No single number stands out/)
  expect(await sign.getByRole('img', { name: /made it (more|less) unusual/ }).count()).toBeGreaterThan(1)
  expect(await sign.textContent()).not.toMatch(/\b(?:MSE|logit|epoch)\b/i)
  await sign.getByText('How this adds up').click()
  const table = sign.getByRole('region', { name: 'Parts of the score' })
  const cells = await table.locator('tbody tr > :nth-child(2)').allTextContents()
  const numbers = cells.map((cell) => Number(cell.replace('−', '-').replace(/[^\d.e+-]/g, '')))
  const total = numbers.slice(0, -1).reduce((sum, part) => sum + part, 0)
  // Each is shown with one decimal, or two digits.
  expect(Math.abs(total - numbers.at(-1)!)).toBeLessThan(0.06 * numbers.length)
  await look(page, 'models-case')
  await open(page, `${site.url}models/`)
})

test('going back puts the model before in use, holds across a reload, and can be undone', async () => {
  await page.getByRole('button', { name: /^Go back to isolation-forest/ }).click()
  await inUse().getByRole('link', { name: 'isolation-forest 1.0.0' }).waitFor()
  await page.reload()
  await drawn(page)
  await inUse().getByRole('link', { name: 'isolation-forest 1.0.0' }).waitFor()
  await page.getByRole('button', { name: /^Go back to flow-autoencoder/ }).click()
  await inUse().getByRole('link', { name: 'flow-autoencoder 1.0.0' }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).first().click()
  await inUse().getByRole('link', { name: 'isolation-forest 1.0.0' }).waitFor()
})

test('the model in use is not deleted; another one is, and comes back', async () => {
  await open(page, `${site.url}models/?id=${forest.id}`)
  expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0)
  await open(page, `${site.url}models/?id=${trees.id}`)
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL(/models\/$/)
  await open(page, explainedCase)
  await page.getByText('boosting 1.0.0, which judged this scan, is not kept here any more.').waitFor()
  await open(page, `${site.url}models/`)
  await page.getByText('Deleted within the last day').click()
  await page.getByRole('button', { name: 'Bring back boosting 1.0.0' }).click()
  await page.getByRole('link', { name: /boosting 1\.0\.0/ }).waitFor()
})

test('a model is exported, and imported in another browser as the same one; a changed file is refused', async () => {
  await open(page, `${site.url}models/?id=${trees.id}`)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export', exact: true }).click(),
  ])
  const bytes = await readFile(await download.path())
  expect(download.suggestedFilename()).toBe('boosting-1.0.0.zip')
  const other = await session.newContext()
  const fresh = await other.newPage()
  await open(fresh, `${site.url}models/`)
  const bring = async (buffer: Buffer) => {
    const [chooser] = await Promise.all([
      fresh.waitForEvent('filechooser'),
      fresh.getByRole('button', { name: 'Import a model' }).click(),
    ])
    await chooser.setFiles({ name: 'boosting-1.0.0.zip', mimeType: 'application/zip', buffer })
  }
  const broken = Buffer.from(bytes)
  const middle = Math.floor(bytes.length / 2)
  broken.fill(0, middle, middle + 40)
  await bring(broken)
  await fresh.getByText(/It was not imported/).waitFor()
  expect(await storedRows(fresh, 'models')).toEqual([])
  await bring(bytes)
  await fresh.waitForURL(/models\/\?id=/)
  expect(await storedRows<StoredModel>(fresh, 'models')).toMatchObject([{ id: trees.id, kind: 'boosting' }])
  await other.close()
})

test('nothing of all this left the machine, broke the policy or threw', () => {
  expect(session.records.foreign).toEqual([])
  expect(session.records.policyReports).toEqual([])
  expect(session.records.errors).toEqual([])
})
