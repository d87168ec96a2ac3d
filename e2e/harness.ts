/** A browser with an empty profile whose requests, policy reports and errors are written down. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright'
import { expect } from 'vitest'
import { launchChromium } from '../tools/chromium.ts'
import { startWatchman } from './watchman.ts'

/** Every page of the site, relative to its root. */
export const ROUTES = ['', 'scan/', 'cases/', 'case/', 'devices/', 'live/', 'history/', 'models/', 'settings/'] as const

/** Where screenshots go, for eyes. */
const SCREENSHOTS = process.env.SCREENSHOTS ?? '/tmp/guardian-screenshots'

export interface Records {
  /** Addresses of all requests of pages, workers and service workers. */
  readonly requests: string[]
  /** Those that wanted to leave the machine, as the proxy saw them, without the browser's own. */
  readonly foreign: string[]
  /** Content security policy and Trusted Types violations, of workers too. */
  readonly policyReports: string[]
  /** Uncaught errors and console errors. */
  readonly errors: string[]
}

export interface Session {
  readonly browser: Browser
  readonly records: Records
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>
  close(): Promise<void>
}

const POLICY_WORDS = /content security policy|trusted ?types|TrustedScript|TrustedHTML/i

export async function openSession(options: { args?: readonly string[] } = {}): Promise<Session> {
  const watchman = await startWatchman()
  const args = [`--proxy-server=${watchman.proxyUrl}`, '--proxy-bypass-list=127.0.0.1', ...(options.args ?? [])]
  const browser = await launchChromium({ args })
  const records: Records = { requests: [], foreign: watchman.asked, policyReports: [], errors: [] }
  return {
    browser,
    records,
    async newContext(contextOptions = {}) {
      const context = await browser.newContext({ reducedMotion: 'reduce', ...contextOptions })
      await record(context, records)
      return context
    },
    async close() {
      await browser.close()
      await watchman.close()
    },
  }
}

async function record(context: BrowserContext, records: Records): Promise<void> {
  context.on('request', (request) => records.requests.push(request.url()))
  context.on('weberror', (error) => records.errors.push(String(error.error())))
  context.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    const text = `${message.text()} (${message.location().url})`
    if (POLICY_WORDS.test(text)) records.policyReports.push(text)
    else if (message.type() === 'error') records.errors.push(text)
  })
  await context.exposeFunction('reportPolicy', (text: string) => records.policyReports.push(text))
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = event
      const report = Reflect.get(globalThis, 'reportPolicy')
      report(`${effectiveDirective} blocked ${blockedURI} at ${sourceFile}:${lineNumber} ${sample}`)
    })
  })
}

/** Resolves when the page's own script has drawn its heading. */
export async function open(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await drawn(page)
}

export async function drawn(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
}

/** Waits until the service worker has kept the whole site and serves this page. */
export async function keptOffline(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready
    if (navigator.serviceWorker.controller) return
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
    )
  })
}

/** Sentences, one for each rule that the page breaks. */
export async function axeViolations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' | ')}`)
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

/** Wide and light, narrow and dark; with SCREENSHOTS set, for eyes, all four of them. */
const LOOKS: readonly (readonly ['light' | 'dark', number])[] = process.env.SCREENSHOTS
  ? [
      ['light', 1280],
      ['light', 360],
      ['dark', 1280],
      ['dark', 360],
    ]
  : [
      ['light', 1280],
      ['dark', 360],
    ]

/** Looks at the page as it stands: axe finds nothing, nothing scrolls sideways, and a picture is kept. Leaves it wide and light. */
export async function look(page: Page, name: string): Promise<void> {
  for (const [colorScheme, width] of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 900 })
    await screenshot(page, `${name}-${colorScheme}-${width}`)
    expect(await axeViolations(page), `${name} ${colorScheme} ${width}`).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(overflow, `${name} at ${width} scrolls sideways`).toBeLessThanOrEqual(0)
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.setViewportSize({ width: 1280, height: 900 })
}
