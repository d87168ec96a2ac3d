/**
 * Against the results of other tools, where they are at hand: CICFlowMeter (GintsEngelen 4dd5319), nDPI 3b1286a, Zeek a13de64, tshark 4.0.
 * docs/formats/flow-features.md names what still differs.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError } from '#core/base/errors.ts'
import { flowCsvHeader, flowCsvRows } from '#core/flow/csv.ts'
import { readFlows } from '../read-flows.ts'
import { compareFrames } from './frames.ts'
import { compareNdpi, compareZeek, DATA, hasOracle, ORACLE } from './tuples.ts'

const share = ({ equal, total }: { equal: number; total: number }) => equal / total

describe.skipIf(!hasOracle)('against other tools', { timeout: 300_000 }, () => {
  it('gives the 78 features of the corrected CICFlowMeter for at least 99.9 % of its flows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flows-'))
    try {
      for (const name of readdirSync(join(ORACLE, 'cic-java/pcap'))) {
        const { batches } = await readFlows(readFileSync(join(ORACLE, 'cic-java/pcap', name)))
        writeFileSync(join(folder, `${name}.csv`), flowCsvHeader() + batches.map(flowCsvRows).join(''))
      }
      const report = execFileSync('python3', [join(ORACLE, 'compare.py'), join(ORACLE, 'cic-java'), folder], {
        encoding: 'utf8',
      })
      const [, equal, joined] = /(\d+) of (\d+) joined flows/.exec(report) ?? []
      expect(report).toContain('flows only in the tool: 0; only in ours: 0; keys with another number of flows: 0')
      expect(Number(joined)).toBeGreaterThan(1600)
      expect(Number(equal) / Number(joined)).toBeGreaterThan(0.999)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('counts the packets that nDPI counts, but for what is inside tunnels', async () => {
    expect(share(await compareNdpi())).toBeGreaterThan(0.98)
  })

  it('counts the packets that Zeek counts, where its traces are at hand', async () => {
    const zeek = await compareZeek()
    if (zeek.total > 0) expect(share(zeek)).toBeGreaterThan(0.9)
  })

  it('reads addresses, ports, flags, windows and lengths of single frames as tshark does', () => {
    const frames = compareFrames()
    expect(frames.total).toBeGreaterThan(18_000)
    expect(share(frames)).toBeGreaterThan(0.996)
  })

  it('gives the JA4 fingerprints that nDPI gives, but for its own way with names, ALPN and empty lists', async () => {
    // FoxIO: `i` without a server name, first and *last* character of the ALPN, zeros for an empty list.
    const common = (ja4: string) =>
      `${ja4.slice(0, 3)}${ja4.slice(4, 8)}${ja4.slice(10).replace('e3b0c44298fc', '0'.repeat(12))}`
    let equal = 0
    let total = 0
    for (const name of readdirSync(join(ORACLE, 'ndpi/result'))) {
      const text = readFileSync(join(ORACLE, 'ndpi/result', name), 'utf8')
      const theirs = new Set([...text.matchAll(/\[JA4: (t\w+)\]/g)].map(([, ja4]) => common(ja4!)))
      if (theirs.size === 0) continue
      const { sightings } = await readFlows(readFileSync(join(ORACLE, 'ndpi/pcap', name.replace(/\.out$/, ''))))
      const ours = new Set(
        sightings.flatMap((seen) => (seen.kind === 'hint' && seen.from === 'ja4' ? common(seen.text) : [])),
      )
      total += theirs.size
      for (const ja4 of theirs) if (ours.has(ja4)) equal++
    }
    expect(total).toBeGreaterThan(90)
    expect(equal / total).toBeGreaterThan(0.9)
  })

  it.each(['tcpdump', 'zeek'])(
    'reads or refuses each capture of the %s test suite, and hangs on none',
    async (suite) => {
      const folder = join(DATA, 'pcap-testsuite', suite)
      for (const name of readdirSync(folder)) {
        try {
          await readFlows(readFileSync(join(folder, name)), 1021)
        } catch (error) {
          expect(error, name).toBeInstanceOf(InputError)
        }
      }
    },
  )
})
