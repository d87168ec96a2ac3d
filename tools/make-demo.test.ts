import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '#core/base/source.ts'
import { Inventory } from '#core/device/inventory.ts'
import { openCapture } from '#core/scan/capture-input.ts'
import { EVENTS, type Event, filmHome } from './demo/home.ts'
import { writePcap } from './demo/pcap-writer.ts'
import { DEMO_SEED } from './make-demo.ts'

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const clock = (micros: number) => new Date(micros / 1000).toISOString().slice(11, 16)

async function takeInventory(pcap: Uint8Array) {
  const input = await openCapture(bytesSource('home.pcap', pcap))
  const inventory = new Inventory({ clock })
  for await (const { flows, sightings } of input.steps()) {
    inventory.see(sightings)
    for (const batch of flows) inventory.assign(batch)
  }
  expect(input.stats.skipped.total).toBe(0)
  expect(input.stats.remarks).toEqual([])
  return { devices: inventory.devices(), notes: inventory.takeNotes({ ended: true }), inventory }
}

describe('the demo home', () => {
  it('is filmed the same from the same seed, and that is what ships', () => {
    const shipped = readFileSync(new URL('../static/demo/home.pcap.gz', import.meta.url))
    expect(hash(writePcap(filmHome(DEMO_SEED)))).toBe(hash(gunzipSync(shipped)))
    expect(shipped.length).toBeLessThan(1_600_000)
    expect(hash(writePcap(filmHome(1)))).not.toBe(hash(writePcap(filmHome(DEMO_SEED))))
  })

  it('has the devices, names and notes of its story', async () => {
    const { devices, notes, inventory } = await takeInventory(writePcap(filmHome(DEMO_SEED)))
    const named = devices.filter((device) => device.mac !== undefined).map(({ name, kind }) => `${name}: ${kind}`)
    expect(named.sort()).toEqual([
      'Coffee machine plug: plug',
      'Front door camera: camera',
      'Garden camera: camera',
      'Hallway thermostat: thermostat',
      'Living room TV: tv',
      'Mias laptop: computer',
      'Mias phone: phone',
      'Study printer: printer',
      'Unnamed gateway: gateway',
      'Unnamed phone: phone',
    ])
    expect(notes.map(({ kind, text }) => `${kind}: ${text.split(/[,;]/u, 1)[0]}`).sort()).toEqual([
      expect.stringMatching(/^device-silent: Hallway thermostat fell silent for 5 hours/u),
      expect.stringMatching(/^new-device: Unnamed phone joined the network at 19:33/u),
    ])
    const camera = devices.find(({ name }) => name === 'Front door camera')
    expect(camera?.peers[0]).toMatchObject({ address: '203.0.113.66', name: undefined })
    expect(camera?.peers[0]?.bytes).toBeGreaterThan(120e6)
    const printer = devices.find(({ name }) => name === 'Study printer')!
    const maker = printer.peers[0]!
    expect(maker.name).toBe('firmware.papyra.example')
    expect(inventory.knownOwner(printer.id, maker.address)).toBe('papyra.example')
  })

  it('has nothing to tell on a day without events', async () => {
    const { devices, notes } = await takeInventory(writePcap(filmHome(DEMO_SEED, [])))
    expect(notes).toEqual([])
    expect(devices.every(({ peerCount }) => peerCount < 20)).toBe(true)
  })

  it('leaves the other devices as they are when an event is left out', () => {
    const framesOf = (events: readonly Event[], mac: string) => {
      const from = mac
        .split(':')
        .map((part) => Number.parseInt(part, 16))
        .join()
      return filmHome(DEMO_SEED, events)
        .filter(({ bytes }) => bytes.subarray(6, 12).join() === from)
        .map(({ micros }) => micros)
    }
    const garden = '10:68:38:5d:22:07'
    const quiet = framesOf([], garden)
    expect(quiet.length).toBeGreaterThan(1000)
    expect(framesOf(['printer-update', 'visitor', 'thermostat-silent'], garden)).toEqual(quiet)
    expect(framesOf(EVENTS, garden).length).toBeGreaterThan(quiet.length)
  })

  it('is read whole however the chunks fall, also when one ends inside a record header', async () => {
    const pcap = writePcap(filmHome(DEMO_SEED).slice(0, 4000))
    for (const chunkBytes of [997, 4096, 65_537, pcap.length]) {
      const input = await openCapture(bytesSource('home.pcap', pcap, chunkBytes))
      for await (const _ of input.steps());
      expect(input.stats.packets).toBe(4000)
      expect(input.stats.skipped.total).toBe(0)
    }
  })
})
