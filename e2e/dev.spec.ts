/** `npm run dev` serves workers, model and demo too; the build alone would not show that they are missing there. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runDemo } from './actions.ts'
import { openSession, type Session } from './harness.ts'

let session: Session
let server: ChildProcess
let url: string

beforeAll(async () => {
  session = await openSession()
  server = spawn('vite', ['dev', '--host', '127.0.0.1', '--port', '0', '--clearScreen', 'false'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  url = await addressOf(server)
})
afterAll(async () => {
  await session.close()
  server.kill()
  if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
})

/** Vite prints where it listens, in colours. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const [found] = /http:\/\/127\.0\.0\.1:\d+\//.exec(stripVTControlCharacters(text)) ?? []
      if (found) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`vite dev ended with ${code}: ${text}`)))
  })
}

test('the demo is read from the sources', { timeout: 180_000 }, async () => {
  const page = await (await session.newContext()).newPage()
  // Vite bundles the packages that it meets and then loads the page again: first visits settle that.
  for (const route of ['', 'scan/']) {
    await page.goto(url + route)
    await page.locator('h1').first().waitFor({ timeout: 60_000 })
    await page.waitForLoadState('networkidle')
  }
  const { routes } = await runDemo(page, url)
  expect(routes.length).toBeGreaterThanOrEqual(2)
})
