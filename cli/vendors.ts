/** Makers by MAC prefix: the table that the build makes of the IEEE registry, else the registry's own package. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { packOuiTable, parseOuiTable, type VendorOf } from '#core/device/vendor.ts'
import { rootFile } from './root.ts'

export function loadVendors(): VendorOf {
  const path = rootFile('static/oui.bin')
  if (existsSync(path)) return parseOuiTable(readFileSync(path))
  const registry: Record<string, string> = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('oui-data'), 'utf8'),
  )
  return parseOuiTable(packOuiTable(registry))
}
