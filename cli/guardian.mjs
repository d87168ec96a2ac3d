#!/usr/bin/env node
/** Starts the command line on the project's own Node, whatever Node is on the machine; reads from where it was called. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const node = join(here, '..', 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

if (!existsSync(node)) {
  console.error(
    `The project's own Node is not installed yet: run \`npm start\` or \`npm test\` once in ${join(here, '..')}.`,
  )
  process.exit(2)
}
const result = spawnSync(node, [join(here, 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: process.env.INIT_CWD ?? process.cwd(),
})
if (result.error) throw result.error
if (result.signal) process.kill(process.pid, result.signal)
process.exit(result.status ?? 1)
