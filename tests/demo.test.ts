/** The story that docs/demo.md promises, told by the shipped model at its default settings. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Case } from '#core/alert/case.ts'
import { bytesSource } from '#core/base/source.ts'
import { DEFAULT_THRESHOLD } from '#core/detect/threshold.ts'
import type { Note } from '#core/device/device.ts'
import { openCapture } from '#core/scan/capture-input.ts'
import { type ScanModel, scan } from '#core/scan/scan.ts'
import { openModel } from '../cli/model.ts'
import { EVENTS, type Event, filmHome } from '../tools/demo/home.ts'
import { writePcap } from '../tools/demo/pcap-writer.ts'
import { DEMO_SEED } from '../tools/make-demo.ts'

let model: ScanModel
beforeAll(async () => {
  model = await openModel()
})
afterAll(() => model.network.dispose())

async function findingsIn(pcap: Uint8Array) {
  const cases = new Map<string, Case>()
  const notes = new Map<string, Note>()
  const options = {
    file: 'home.pcap',
    bytesTotal: pcap.length,
    vendorOf: () => undefined,
    timeZone: 'UTC',
    inFlight: 1,
    updateEveryMs: 250,
  }
  const input = await openCapture(bytesSource('home.pcap', pcap))
  for await (const update of scan(input, { ...options, model, threshold: DEFAULT_THRESHOLD })) {
    for (const found of update.cases) cases.set(found.id, found)
    for (const note of update.notes) notes.set(note.id, note)
  }
  return { cases: [...cases.values()], notes: [...notes.values()].map(({ kind }) => kind).sort() }
}

const filmWithout = (event: Event) =>
  writePcap(
    filmHome(
      DEMO_SEED,
      EVENTS.filter((other) => other !== event),
    ),
  )

describe('the demo home, scanned', () => {
  it('has one critical case, one low one, a newcomer and a silence', async () => {
    const { cases, notes } = await findingsIn(
      gunzipSync(readFileSync(new URL('../static/demo/home.pcap.gz', import.meta.url))),
    )
    expect(cases.map(({ severity, deviceName }) => `${severity}: ${deviceName}`).sort()).toEqual([
      'critical: Front door camera',
      'low: Study printer',
    ])
    expect(notes).toEqual(['device-silent', 'new-device'])
    const camera = cases.find(({ severity }) => severity === 'critical')!
    expect(camera.title).toContain('at 03:10')
    expect(camera.usual).toBe('It normally talks to 3.')
    expect(camera.facts.bytesOut).toBeGreaterThan(120e6)
    expect(cases.find(({ severity }) => severity === 'low')?.harmless).toContain('papyra.example')
  })

  it.each([
    ['camera-taken-over', ['low: Study printer'], ['device-silent', 'new-device']],
    ['printer-update', ['critical: Front door camera'], ['device-silent', 'new-device']],
    ['visitor', ['critical: Front door camera', 'low: Study printer'], ['device-silent']],
    ['thermostat-silent', ['critical: Front door camera', 'low: Study printer'], ['new-device']],
  ] as const)('tells nothing of %s when it does not happen', async (event, expected, expectedNotes) => {
    const { cases, notes } = await findingsIn(filmWithout(event))
    expect(cases.map(({ severity, deviceName }) => `${severity}: ${deviceName}`).sort()).toEqual(expected)
    expect(notes).toEqual(expectedNotes)
  })

  it('is quiet on days on which nothing happens, whoever films them', async () => {
    for (const seed of [1, 2]) expect(await findingsIn(writePcap(filmHome(seed, [])))).toEqual({ cases: [], notes: [] })
  })
})
