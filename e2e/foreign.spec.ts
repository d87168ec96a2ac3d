/** A network that is not of the app's own making: brought by a file, put in use, and used again without a server. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packModel } from '#core/model/archive.ts'
import { sha256Hex } from '#core/model/verify.ts'
import { dropFiles, scansEnded, storedRows } from './actions.ts'
import { keptOffline, open, openSession, type Session } from './harness.ts'
import { labelledCsv } from './labelled.ts'
import { type Site, serveSite } from './site.ts'

const SHIPPED = new URL('../models/flow-autoencoder/1.0.0/', import.meta.url)
const LIBRARY = /ort-wasm/

let site: Site
let session: Session
let page: Page

beforeAll(async () => {
  session = await openSession()
  site = await serveSite()
  page = await (await session.newContext()).newPage()
})
afterAll(async () => {
  await session.close()
  await site.close().catch(() => undefined)
})

/** The shipped network with every `from` in it called otherwise, which our kernels then do not know. */
async function renamed(name: string, from: string, to: string): Promise<Buffer> {
  const text = (await readFile(new URL('model.onnx', SHIPPED))).toString('latin1').replaceAll(from, to)
  const network = new Uint8Array(Buffer.from(text, 'latin1'))
  const manifest = JSON.parse(await readFile(new URL('manifest.json', SHIPPED), 'utf8'))
  const files = [{ path: 'model.onnx', sha256: await sha256Hex(network), sizeBytes: network.length }]
  const listed = new TextEncoder().encode(JSON.stringify({ ...manifest, name, files }))
  return Buffer.from(
    packModel(
      new Map([
        ['manifest.json', listed],
        ['model.onnx', network],
      ]),
    ),
  )
}

async function bring(buffer: Buffer): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Import a model' }).click(),
  ])
  await chooser.setFiles({ name: 'network.zip', mimeType: 'application/zip', buffer })
}

test('one with an operator that nobody knows is refused with a sentence, and nothing is kept', async () => {
  await open(page, `${site.url}models/`)
  await keptOffline(page)
  expect(session.records.requests.filter((url) => LIBRARY.test(url))).toEqual([])
  await bring(await renamed('odd', 'Transpose', 'Transpoze'))
  await page.getByText(/It was not imported/).waitFor()
  expect(await page.getByText(/It was not imported/).textContent()).toMatch(/could not be opened/)
  expect(await storedRows(page, 'models')).toEqual([])
})

test('one that works is kept with what it needs, and judges and explains without a server', async () => {
  await open(page, `${site.url}models/`)
  await bring(await renamed('foreign', 'rebuilt', 'rebuild'))
  await page.waitForURL(/models\/\?id=/)
  expect(session.records.requests.some((url) => LIBRARY.test(url))).toBe(true)
  await page.getByRole('button', { name: 'Use this model' }).click()
  await expect.poll(async () => (await storedRows(page, 'promotions')).length).toBe(1)
  await site.close()
  await open(page, `${site.url}scan/`)
  await dropFiles(page, [{ name: 'offline.csv', bytes: labelledCsv({ seed: 2, days: 2 }) }])
  const [scan] = await scansEnded(page, { count: 1 })
  expect(scan).toMatchObject({
    state: 'done',
    summary: { model: { name: 'foreign', engine: 'onnxruntime-wasm' } },
  })
  await page.getByText('Model and baseline').click()
  await page.getByText('onnxruntime, WebAssembly').waitFor()
  const [found] = await storedRows<{ key: string }>(page, 'cases')
  await open(page, `${site.url}case/?key=${encodeURIComponent(found!.key)}`)
  await page.getByText(/would have passed as normal|No change of these numbers/).waitFor()
  expect(session.records.foreign).toEqual([])
  expect(session.records.policyReports).toEqual([])
}, 120_000)
