/** A Chromium of our own starting, on a profile that stays, which can be killed as a power cut would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Browser, chromium, type Page } from 'playwright'
import { CHROMIUM_ARGS, findChromium } from '../tools/chromium.ts'

export interface Killable {
  readonly page: Page
  /** SIGKILL to the browser and all its processes; resolves when they are gone. */
  kill(): Promise<void>
}

const START_MS = 30_000

export async function startKillable(profile: string): Promise<Killable> {
  const args = [
    ...CHROMIUM_ARGS,
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    'about:blank',
  ]
  // A group of its own, so that one signal reaches every process of it.
  const child = spawn(findChromium(), args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = once(child, 'exit')
  const browser = await chromium.connectOverCDP(await addressOf(child))
  const page = await openPage(browser)
  return {
    page,
    async kill() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      await gone
      await browser.close().catch(() => undefined)
    },
  }
}

async function openPage(browser: Browser): Promise<Page> {
  const [context] = browser.contexts()
  if (!context) throw new Error('Chromium has no window')
  return context.pages()[0] ?? context.newPage()
}

/** Chromium prints on which address it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error(`Chromium did not start: ${text.slice(-2000)}`)), START_MS)
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const [, address] = /DevTools listening on (ws:\S+)/.exec(text) ?? []
      if (!address) return
      clearTimeout(timer)
      // What follows is read and dropped, or a full pipe would stop Chromium.
      text = ''
      resolve(address)
    })
    child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}: ${text.slice(-2000)}`)))
  })
}
