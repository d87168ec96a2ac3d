/** The engines are tried in a real browser: whatever this machine has, the answer is an engine that agrees, and nothing leaves. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { open, openSession, type Session } from './harness.ts'
import { type Site, serveSite } from './site.ts'

let site: Site
let session: Session

beforeAll(async () => {
  site = await serveSite()
  session = await openSession()
})

afterAll(async () => {
  await session.close()
  await site.close()
})

test('the check names the engine that runs, times the kernels, and says of every other what it does or why not', async () => {
  const page = await (await session.newContext()).newPage()
  await open(page, `${site.url}models/`)
  expect(session.records.requests.filter((url) => /ort|tfjs|engine\.worker/.test(url))).toEqual([])
  await page.getByRole('button', { name: 'Try the engines' }).click()
  await page.getByRole('heading', { name: /^Learning:/ }).waitFor({ timeout: 120_000 })
  const rows = await page.locator('dl > div').allTextContents()
  const told = rows.map((row) => row.replace(/\s+/g, ' ').trim())
  expect(told.find((row) => row.startsWith('onnxruntime, WebAssembly'))).toMatch(/samples a second$/)
  expect(told.find((row) => row.startsWith('The app’s own kernels'))).toMatch(/samples a second$/)
  expect(told.filter((row) => row.startsWith('The app’s own kernels')).at(-1)).toMatch(/ms a step$/)
  for (const name of ['onnxruntime, WebGPU', 'TensorFlow.js, WebGL', 'TensorFlow.js, WebGPU']) {
    expect(told.find((row) => row.startsWith(name))).toMatch(/samples a second$|ms a step$|not used: ./)
  }
  if (process.env.GUARDIAN_SHOW) console.log(told.join('\n'))
  expect(session.records.foreign).toEqual([])
  expect(session.records.policyReports).toEqual([])
}, 180_000)
