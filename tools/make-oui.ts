/** Packs the IEEE registry of the package `oui-data` into static/oui.bin, which pages load and git ignores. */
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { packOuiTable } from '#core/device/vendor.ts'

const OUT = new URL('../static/oui.bin', import.meta.url)

const registry: Record<string, string> = JSON.parse(
  await readFile(createRequire(import.meta.url).resolve('oui-data'), 'utf8'),
)
const table = packOuiTable(registry)
await writeFile(OUT, table)
console.log(`static/oui.bin: ${Object.keys(registry).length} prefixes, ${table.length} bytes`)
