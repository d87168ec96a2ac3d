import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { filesOnlyOf } from './on-demand-files.ts'

test('finds what one worker alone loads, also through chunks, and leaves what others share', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'on-demand-'))
  const files = {
    'page-1a.js': 'new Worker("./workers/try.worker-2b.js"); import("./workers/scan.worker-3c.js")',
    'workers/try.worker-2b.js': 'import "./chunks/big-4d.js"; import "./chunks/both-5e.js"',
    'workers/scan.worker-3c.js': 'import "./chunks/both-5e.js"',
    'workers/chunks/big-4d.js': 'fetch("../assets/huge-6f.wasm"); fetch("../assets/small-7a.wasm")',
    'workers/chunks/both-5e.js': 'fetch("../assets/small-7a.wasm")',
    'workers/assets/huge-6f.wasm': '',
    'workers/assets/small-7a.wasm': '',
  }
  try {
    for (const part of ['workers/chunks', 'workers/assets']) await mkdir(join(folder, part), { recursive: true })
    for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text)
    expect([...(await filesOnlyOf('try.worker', folder))].sort()).toEqual([
      'workers/assets/huge-6f.wasm',
      'workers/chunks/big-4d.js',
      'workers/try.worker-2b.js',
    ])
  } finally {
    await rm(folder, { recursive: true })
  }
})
