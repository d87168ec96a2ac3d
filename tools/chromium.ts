/** Finds the Chromium that draws icons and runs the end-to-end tests; installs Debian's when that is possible. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright'

const KNOWN_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Quiet and alone: no traffic of its own, so that every request seen is the page's. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

/** The path of an executable, or an error whose text says what to do. */
export function findChromium(): string {
  const asked = process.env.CHROMIUM_PATH
  if (asked) {
    if (isExecutable(asked)) return asked
    throw new Error(`CHROMIUM_PATH is ${asked}, but there is no program that can be run.`)
  }
  const found = KNOWN_PATHS.find(isExecutable)
  if (found) return found
  if (installDebian()) return '/usr/bin/chromium'
  throw new Error('No Chromium was found. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH to one.')
}

/** A new, empty profile each time. */
export function launchChromium(options: { args?: readonly string[] } = {}): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: [...CHROMIUM_ARGS, ...(options.args ?? [])] })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Only as root on a system with apt; true when it worked. */
function installDebian(): boolean {
  if (process.getuid?.() !== 0 || !isExecutable('/usr/bin/apt-get')) return false
  console.error('Installing Chromium for the tests (once) …')
  const apt = (...args: string[]) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  return (
    (apt('install', '-y', 'chromium') || (apt('update') && apt('install', '-y', 'chromium'))) &&
    isExecutable('/usr/bin/chromium')
  )
}
