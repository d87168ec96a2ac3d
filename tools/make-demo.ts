/** Makes the demo home: static/demo/home.pcap.gz, the same bytes on every run. */
import { mkdir, writeFile } from 'node:fs/promises'
import { gzipSync } from 'fflate'
import { filmHome } from './demo/home.ts'
import { writePcap } from './demo/pcap-writer.ts'

export const DEMO_SEED = 20_260_512
const OUT = new URL('../static/demo/home.pcap.gz', import.meta.url)

/** Level 9 of fflate and no time of making: any machine writes the same file. */
export function packDemo(pcap: Uint8Array): Uint8Array {
  return gzipSync(pcap, { level: 9, mem: 12, mtime: 0 })
}

if (import.meta.main) {
  const frames = filmHome(DEMO_SEED)
  const pcap = writePcap(frames)
  const packed = packDemo(pcap)
  await mkdir(new URL('.', OUT), { recursive: true })
  await writeFile(OUT, packed)
  console.log(`static/demo/home.pcap.gz: ${frames.length} packets, ${pcap.length} bytes, ${packed.length} packed`)
}
