/** Networks learnt in the page: the same bytes as on the command line's engine, also when a reload came in between. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { learn } from '#core/detect/catalogue.ts'
import { WEIGHTS_FILE } from '#core/model/folder.ts'
import { sha256Hex } from '#core/model/verify.ts'
import { collectDataset } from '#core/scan/dataset.ts'
import { openInputs } from '#core/scan/open.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { blobSource } from '#workers/blob-source.ts'
import { dropFiles, scansEnded, storedRows } from './actions.ts'
import { open, openSession, type Session, screenshot } from './harness.ts'
import { labelledCsv } from './labelled.ts'
import { type Site, serveSite } from './site.ts'

interface StoredModel {
  readonly name: string
  readonly files: readonly { readonly path: string; readonly sha256: string }[]
}

const KIND = 'lstm-autoencoder'
const SEED = 1
const recorded = { name: 'a day.csv', bytes: labelledCsv({ seed: 1, days: 1.2 }) }

let site: Site
let session: Session
let page: Page

beforeAll(async () => {
  session = await openSession()
  site = await serveSite()
  page = await (await session.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  page.setDefaultTimeout(45_000)
})
afterAll(async () => {
  await session.close()
  await site.close()
})

async function startTraining(name: string): Promise<void> {
  await open(page, `${site.url}models/?do=train`)
  await page.getByRole('radio', { name: 'Sequence autoencoder' }).check()
  await dropFiles(page, [recorded])
  await expect.poll(() => page.getByLabel('Which column says').inputValue()).toBe('label')
  await page.getByText('Name and seed').click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Train', exact: true }).click()
}

/** The hash of the weights' file once the model is kept. */
async function learntWeights(name: string): Promise<string | undefined> {
  await page.waitForURL(/models\/\?id=/)
  const model = (await storedRows<StoredModel>(page, 'models')).find((one) => one.name === name)
  return model?.files.find(({ path }) => path === WEIGHTS_FILE)?.sha256
}

async function learnInNode(): Promise<string> {
  const binary = await readFile(new URL('../src/engine/kernels/kernels.wasm', import.meta.url))
  const kernels = await compileKernels({ binary })
  const source = blobSource(recorded.name, new Blob([new Uint8Array(recorded.bytes)]))
  const inputs = await openInputs(source, { ownNumbers: true, labelColumn: 'label' })
  const data = await collectDataset(inputs, { labelColumn: 'label', benign: 'Benign' })
  const { files } = await learn(data, {
    kind: KIND,
    seed: SEED,
    createTrainer: (options) => createKernelTrainer(options, kernels),
  })
  return sha256Hex(files.get(WEIGHTS_FILE)!)
}

let expected: string

test('the same file and seed give the same weights in Chromium and in Node', async () => {
  await startTraining('whole')
  await page.getByRole('button', { name: 'Stop and keep the best' }).waitFor()
  await screenshot(page, 'training-running')
  const weights = await learntWeights('whole')
  expected = await learnInNode()
  expect(weights).toBe(expected)
})

test('a training that a reload cut off is found, says what was lost, and ends with the same weights', async () => {
  await startTraining('resumed')
  const kept = async () => (await storedRows(page, 'training')).length
  await expect.poll(kept, { interval: 50, timeout: 40_000 }).toBe(1)
  await page.reload()
  const notice = page.getByRole('group', { name: 'Interrupted training' })
  await notice.waitFor()
  expect(await notice.textContent()).toMatch(/resumed was interrupted .* after \d+ rounds?. Only .* was lost/)
  await screenshot(page, 'training-interrupted')
  await notice.getByRole('button', { name: 'Go on' }).click()
  expect(await learntWeights('resumed')).toBe(expected)
  expect(await storedRows(page, 'training')).toEqual([])
})

test('stopped, it keeps the best round so far', async () => {
  await startTraining('stopped')
  await page.getByRole('button', { name: 'Stop and keep the best' }).click()
  const weights = await learntWeights('stopped')
  expect(weights).toMatch(/^[0-9a-f]{64}$/)
})

test('a search for better settings shows how far it is, and stopped, the model learns with the best so far', async () => {
  await open(page, `${site.url}models/?do=train`)
  await page.getByRole('radio', { name: 'Boosted trees' }).check()
  const search = page.getByRole('checkbox', { name: 'Search for better settings' })
  expect(await search.isDisabled()).toBe(true)
  await dropFiles(page, [recorded])
  await expect.poll(() => page.getByLabel('Which column says').inputValue()).toBe('label')
  await search.check()
  await page.getByLabel('Minutes').fill('30')
  await page.getByText('Name and seed').click()
  await page.getByLabel('Name', { exact: true }).fill('searched')
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  await page.getByText(/Setting \d+ is tried. Best so far: .*, recall 0\.\d{3}/).waitFor()
  await screenshot(page, 'training-search')
  await page.getByRole('button', { name: 'Stop searching and keep the best' }).click()
  expect(await learntWeights('searched')).toMatch(/^[0-9a-f]{64}$/)
  await page.getByText(/settings were tried, until it was stopped/).waitFor()
})

test('a home is learnt from the scans that are kept, without any file', async () => {
  await open(page, `${site.url}scan/`)
  await dropFiles(page, [recorded])
  await scansEnded(page, { count: 1 })
  await open(page, `${site.url}models/?do=train`)
  await page.getByRole('radio', { name: 'Your home' }).check()
  await page.getByRole('radio', { name: 'The scans kept here (1)' }).check()
  await screenshot(page, 'training-home')
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  expect(await learntWeights('home')).toMatch(/^[0-9a-f]{64}$/)
  await screenshot(page, 'training-home-learnt')
})

test('nothing of all this left the machine, broke the policy or threw', () => {
  expect(session.records.foreign).toEqual([])
  expect(session.records.policyReports).toEqual([])
  expect(session.records.errors).toEqual([])
})
