/** `npm run build`: what is generated, then the site into build/. With `--if-stale` only when a source is newer than the build. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from './generate.ts'
import { run } from './run.ts'

/** What the site is made of. */
const SOURCES = [
  'src',
  'workers',
  'models',
  'static',
  'tools/site-adapter.ts',
  'tools/site-folders.ts',
  'tools/generate.ts',
  'package-lock.json',
  'svelte.config.js',
  'vite.config.ts',
]
const BUILT = 'build/index.html'

async function newestMs(path: string): Promise<number> {
  const info = await stat(path).catch(() => undefined)
  if (!info) return 0
  if (!info.isDirectory()) return info.mtimeMs
  const names = await readdir(path)
  const times = await Promise.all(names.map((name) => newestMs(join(path, name))))
  // A folder's own time counts too: it changes when a file is removed.
  return Math.max(info.mtimeMs, ...times)
}

export async function isStale(): Promise<boolean> {
  const builtMs = await newestMs(BUILT)
  if (builtMs === 0) return true
  const times = await Promise.all(SOURCES.map(newestMs))
  return Math.max(...times) > builtMs
}

/** Resolves to the exit code. */
export async function build(options: { show: boolean }): Promise<{ code: number; output: string }> {
  await generate()
  return run('vite', ['build', '--logLevel', 'warn'], { show: options.show })
}

if (import.meta.main) {
  if (process.argv.includes('--if-stale') && !(await isStale())) process.exit(0)
  const { code } = await build({ show: true })
  process.exit(code)
}
