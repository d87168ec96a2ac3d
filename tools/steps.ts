/** The steps of `npm test`: each says how many checks passed and failed. */
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.ts'
import { run } from './run.ts'

export interface StepResult {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Shown when something failed. */
  readonly output: string
}

export interface Step {
  readonly name: string
  run(): Promise<StepResult>
}

/** A check that passes or fails as a whole. */
function check(name: string, command: string, args: readonly string[]): Step {
  return { name, run: async () => wholeResult(await run(command, args)) }
}

function wholeResult({ code, output }: { code: number; output: string }): StepResult {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, output }
}

/** A run of vitest, each test counted. */
function vitest(name: string, args: readonly string[]): Step {
  return {
    name,
    async run() {
      const report = join(tmpdir(), `guardian-vitest-${process.pid}-${name.replaceAll(/\W/g, '-')}.json`)
      await rm(report, { force: true })
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
      const { code, output } = await run('vitest', ['run', ...reporters, ...args])
      const text = await readFile(report, 'utf8').catch(() => undefined)
      await rm(report, { force: true })
      if (text === undefined) return { passed: 0, failed: 1, skipped: 0, output }
      const counts: VitestReport = JSON.parse(text)
      // A file that cannot be loaded, or an error outside any test, fails the run without a failed test.
      const failed = counts.numFailedTests || (code === 0 ? 0 : 1)
      return { passed: counts.numPassedTests, failed, skipped: counts.numPendingTests, output }
    },
  }
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
}

/** What the others need: SvelteKit's generated types. */
export const PREPARE = check('prepare', 'svelte-kit', ['sync'])

/** Independent of each other. */
export const CHECKS: readonly Step[] = [
  check('format and lint', 'biome', ['ci', '--error-on-warnings', '.']),
  check('types: core', 'tsc', ['-p', 'src/core/tsconfig.json']),
  check('types: workers, engine, db', 'tsc', ['-p', 'workers/tsconfig.json']),
  check('types: service worker', 'tsc', ['-p', 'tsconfig.service-worker.json']),
  check('types: relay, cli, tools, tests', 'tsc', ['-p', 'tsconfig.node.json']),
  check('types: pages', 'svelte-check', ['--fail-on-warnings', '--output', 'human']),
  check('dependency rules', 'depcruise', [
    '--config',
    '.dependency-cruiser.cjs',
    'src',
    'workers',
    'relay',
    'cli',
    'tools',
  ]),
]

export const UNIT = vitest('unit', [])
export const BUILD: Step = { name: 'build', run: async () => wholeResult(await build({ show: false })) }
export const E2E = vitest('end to end', ['--config', 'e2e/vitest.config.ts'])
