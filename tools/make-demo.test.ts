import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'fflate'
import { expect, it } from 'vitest'
import { bytesSource } from '#core/base/source.ts'
import { openCapture } from '#core/scan/capture-input.ts'
import { filmHome } from './demo/home.ts'
import { writePcap } from './demo/pcap-writer.ts'
import { DEMO_SEED } from './make-demo.ts'

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

it('films the same packets from the same seed, and they are those that ship', () => {
  const shipped = gunzipSync(readFileSync(new URL('../static/demo/home.pcap.gz', import.meta.url)))
  expect(hash(writePcap(filmHome(DEMO_SEED)))).toBe(hash(shipped))
})

it('films other packets from another seed', () => {
  expect(hash(writePcap(filmHome(1)))).not.toBe(hash(writePcap(filmHome(DEMO_SEED))))
})

it('reads every packet however the chunks fall, also when a chunk ends inside a record header', async () => {
  const pcap = writePcap(filmHome(DEMO_SEED).slice(0, 4000))
  for (const chunkBytes of [997, 4096, 65_537, pcap.length]) {
    const input = await openCapture(bytesSource('home.pcap', pcap, chunkBytes))
    for await (const _ of input.steps());
    expect(input.stats.packets).toBe(4000)
    expect(input.stats.skipped.total).toBe(0)
  }
})
