import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const IMPORT = /\bimport\(\s*'([^']+)'/g

/** What a worker imports while it runs is kept for use without network only after it was used once (site-adapter.ts). */
test('workers import nothing while they run but the general libraries', async () => {
  const found: string[] = []
  for (const folder of ['workers', 'src/engine', 'src/core']) {
    for (const path of await readdir(folder, { recursive: true })) {
      if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue
      const text = await readFile(join(folder, path), 'utf8')
      for (const [, name = ''] of text.matchAll(IMPORT)) found.push(name)
    }
  }
  expect(found.length).toBeGreaterThan(2)
  expect(found.filter((name) => !/^#engine\/(onnx|tfjs)\/|^\.\/onnx\/|^@tensorflow\//.test(name))).toEqual([])
})
