/** Models on real labelled flows of ../shared, where they are: gathered, learnt, judged on other files. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bytesSource } from '#core/base/source.ts'
import { learn } from '#core/detect/catalogue.ts'
import { judgeDataset } from '#core/evaluate/evaluate.ts'
import { collectDataset } from '#core/scan/dataset.ts'
import { openInputs } from '#core/scan/open.ts'

const DATA = new URL('../../shared/data/', import.meta.url)

async function collect(paths: readonly string[], labelColumn?: string, benign?: string) {
  const inputs = []
  for (const path of paths) {
    const source = bytesSource(path.split('/').at(-1)!, new Uint8Array(readFileSync(new URL(path, DATA))))
    inputs.push(...(await openInputs(source, { labelColumn, ownNumbers: true })))
  }
  return collectDataset(inputs, { labelColumn, benign })
}

const CIC = ['cicids2017-flows/cleaned52_natural.csv.gz', 'cicids2017-flows/cleaned52_balanced.csv.gz'] as const
const ZEEK = 'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz'
const PCAP = ['Aria', 'HueBridge', 'Withings'].map((device) => `iot-sentinel-pcap/${device}/Setup-A-1-STA.pcap`)

describe.skipIf(!existsSync(DATA))('on the shared data', () => {
  test('a forest learnt on one sample of CIC-IDS2017 ranks the attacks of another above its benign flows', async () => {
    const data = await collect([CIC[0]], 'Attack Type', 'Normal Traffic')
    expect([data.rows, data.matrix.features.length, data.classes.length]).toEqual([8000, 52, 7])
    const model = await learn(data, { kind: 'boosting', seed: 1, options: { rounds: 30 } })
    const result = await judgeDataset(model.judge, await collect([CIC[1]], 'Attack Type', 'Normal Traffic'))
    expect(result.rocAuc).toBeGreaterThan(0.95)
    expect(result.perClass['Normal Traffic']!.recall).toBeGreaterThan(0.98)
    expect(result.perClass.DDoS!.recall).toBeGreaterThan(0.9)
  }, 60_000)

  test("IoT-23's packed labels part its flows by what the attack was, with host windows beside the flow's own columns", async () => {
    const data = await collect([ZEEK], 'detailed-label', '-')
    expect([...data.classes].sort()).toEqual(['-', 'C&C', 'DDoS', 'PartOfAHorizontalPortScan'])
    expect(data.labels!.filter((label) => label === 0)).toHaveLength(993)
    expect(data.matrix.features).toEqual(expect.arrayContaining(['conn_state=S0', 'duration', 'host_flows_10s']))
    const model = await learn(data, { kind: 'isolation-forest', seed: 1 })
    expect(model.manifest).toMatchObject({ benignRows: 993, classes: ['-'] })
  }, 60_000)

  test.skipIf(!PCAP.every((path) => existsSync(new URL(path, DATA))))(
    'captures without a label are one benign sample with a device each, and a label is asked of them in vain',
    async () => {
      const data = await collect(PCAP)
      expect(data.captures).toHaveLength(PCAP.length)
      expect(data.devices.length).toBeGreaterThanOrEqual(PCAP.length)
      expect(data.matrix.features).toContain('Flow IAT Mean')
      expect(data.matrix.features).not.toContain('Destination Port')
      await expect(collect(PCAP, 'Label', 'BENIGN')).rejects.toThrow(/is a capture: it has no column Label/)
    },
  )
})
