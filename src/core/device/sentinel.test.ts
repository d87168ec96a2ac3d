/** Real captures of 31 devices being set up (IoT SENTINEL, 2016): each folder says the MAC of its device. Skipped where they are absent. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../base/source.ts'
import { openCapture } from '../scan/capture-input.ts'
import { Inventory } from './inventory.ts'
import { packOuiTable, parseOuiTable } from './vendor.ts'

const CAPTURES = new URL('../../../../shared/data/iot-sentinel-pcap/', import.meta.url)
const folders = existsSync(CAPTURES)
  ? readdirSync(CAPTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  : []

const registry: Record<string, string> = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('oui-data'), 'utf8'),
)
const vendorOf = parseOuiTable(packOuiTable(registry))

describe.skipIf(folders.length === 0)('devices being set up', () => {
  it.each(folders.map((folder) => folder.name))('finds %s by its MAC, with maker and flows', async (folder) => {
    const directory = new URL(`${folder}/`, CAPTURES)
    const mac = readFileSync(new URL('_iotdevice-mac.txt', directory), 'latin1').trim().toLowerCase()
    const run = readdirSync(directory).find((name) => name.endsWith('.pcap'))!
    const input = await openCapture(bytesSource(run, readFileSync(new URL(run, directory))))
    const inventory = new Inventory({ vendorOf })
    for await (const { flows, sightings } of input.steps()) {
      inventory.see(sightings)
      for (const batch of flows) inventory.assign(batch)
    }
    const device = inventory.devices().find((candidate) => candidate.mac === mac)
    expect(device?.id).toBe(`mac:${mac}`)
    expect(device?.vendor).toBe(vendorOf(mac))
    expect(device?.kind).not.toBe('gateway')
    const outside = inventory
      .devices()
      .filter((candidate) => /^ip:(?!10\.|192\.168\.|172\.|169\.254\.|f[cde]|0\.0\.0\.0|::)/u.test(candidate.id))
    expect(outside).toEqual([])
  })
})
