/** `npm test`: every check of the project, one line each with its time, and a last line `N passed, N failed`. */
import { availableParallelism } from 'node:os'
import { generate } from './generate.ts'
import { BUILD, CHECKS, E2E, PREPARE, type Step, type StepResult, UNIT } from './steps.ts'

const MAX_SHOWN_CHARACTERS = 20_000
const total = { passed: 0, failed: 0, skipped: 0 }

async function perform(step: Step): Promise<boolean> {
  const startedMs = performance.now()
  const result = await step.run().catch((error: unknown): StepResult => {
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      output: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  })
  total.passed += result.passed
  total.failed += result.failed
  total.skipped += result.skipped
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const isGood = result.failed === 0
  const counts = `${result.passed} passed, ${result.failed} failed${result.skipped ? `, ${result.skipped} skipped` : ''}`
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${step.name.padEnd(34)} ${seconds.padStart(6)} s  ${counts}`)
  if (!isGood) console.log(result.output.slice(-MAX_SHOWN_CHARACTERS))
  return isGood
}

/** At most `limit` at a time, in order. */
async function performAll(steps: readonly Step[], limit: number): Promise<void> {
  const waiting = [...steps]
  const lane = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) await perform(step)
  }
  await Promise.all(Array.from({ length: limit }, lane))
}

const startedMs = performance.now()
await generate()
await perform(PREPARE)
await performAll(CHECKS, Math.max(1, Math.min(4, availableParallelism())))
await perform(UNIT)
// Without a build there is nothing to drive a browser against.
if (await perform(BUILD)) await perform(E2E)
else total.failed++

console.log(`\n${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
if (total.skipped > 0) console.log(`${total.skipped} skipped`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed === 0 ? 0 : 1)
