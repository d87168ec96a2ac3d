/** Every table of the shared data, when it is there: kind, rows and labels as PROVENANCE.md beside each counts them (pandas, 2026-11-20). */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '#core/base/source.ts'
import { openInputs } from '#core/scan/open.ts'

const shared = join(import.meta.dirname, '../../shared/data')

interface Expected {
  readonly kind: string
  readonly rows: number
  /** Counted by `labelOf`; undefined: no label column. */
  readonly labels?: Readonly<Record<string, number>>
  readonly skipped?: Readonly<Record<string, number>>
}

async function read(path: string) {
  const [opened] = await openInputs(bytesSource(path, new Uint8Array(readFileSync(join(shared, path)))))
  const { input } = opened!
  const labels: Record<string, number> = {}
  let used = 0
  for await (const step of input.steps()) {
    for (const batch of step.flows) {
      used += batch.length
      for (const code of batch.label ?? []) {
        const label = batch.labels[code] ?? ''
        labels[label] = (labels[label] ?? 0) + 1
      }
    }
  }
  return { kind: input.kind, rows: input.stats.rows, used, labels, skipped: input.stats.skipped.toObject() }
}

/** Stratosphere's counts leave the detail out. */
function firstWords(labels: Readonly<Record<string, number>>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [label, count] of Object.entries(labels)) {
    const [first = ''] = label.split(' ')
    counts[first] = (counts[first] ?? 0) + count
  }
  return counts
}

const benign = (rows: number): Expected => ({ kind: 'cic-csv', rows, labels: { BENIGN: rows } })

const TABLES: Readonly<Record<string, Expected>> = {
  'unsw-nb15-flows/unsw_nb15_part.csv.gz': {
    kind: 'unsw-csv',
    rows: 66_000,
    labels: {
      Normal: 29_668,
      Generic: 14_827,
      Exploits: 9125,
      Fuzzers: 4958,
      DoS: 3242,
      Reconnaissance: 2856,
      Analysis: 532,
      Backdoor: 459,
      Shellcode: 298,
      Worms: 35,
    },
  },
  'iot-sentinel-flows/flows.csv.gz': { kind: 'cic-csv', rows: 18_001 },
  'mqttset-pcap/cicflowmeter_flows.csv.gz': {
    kind: 'cic-csv',
    rows: 4599,
    labels: { bruteforce: 1778, malformed: 1110, benign: 985, slowite: 716, malariados: 10 },
  },
  'cicids2017-flows/cleaned52_natural.csv.gz': {
    kind: 'cic-csv',
    rows: 8000,
    labels: {
      'Normal Traffic': 6639,
      DoS: 627,
      DDoS: 431,
      'Port Scanning': 269,
      'Brute Force': 23,
      'Web Attacks': 6,
      Bots: 5,
    },
  },
  'cicids2017-flows/cleaned52_balanced.csv.gz': {
    kind: 'cic-csv',
    rows: 8370,
    labels: {
      'Normal Traffic': 1200,
      'Port Scanning': 1196,
      'Web Attacks': 1195,
      'Brute Force': 1195,
      DDoS: 1195,
      Bots: 1195,
      DoS: 1194,
    },
  },
  'cicids2017-flows/km77_minority.csv.gz': {
    kind: 'cic-csv',
    rows: 6002,
    labels: { DoS: 1821, WebAttack: 1618, Bot: 1088, BruteForce: 789, BENIGN: 504, PortScan: 155, Infiltration: 27 },
  },
  'cicids2017-flows/raw79_monday_first999.csv.gz': benign(999),
  'cicids2017-flows/raw79_friday_morning_first2885.csv.gz': benign(2885),
  'cicids2017-flows/raw79_wednesday_first200.csv.gz': benign(200),
  'cicids2017-flows/raw79_tuesday_first4998_binary.csv.gz': { kind: 'cic-csv', rows: 4998, labels: { 0: 4909, 1: 89 } },
  'cicids2017-flows/raw79_thursday_webattacks_1006.csv.gz': {
    kind: 'cic-csv',
    rows: 1006,
    labels: {
      BENIGN: 999,
      'Web Attack ï¿½ XSS': 3,
      'Web Attack ï¿½ Brute Force': 2,
      'Web Attack ï¿½ Sql Injection': 2,
    },
  },
  'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz': {
    kind: 'zeek-conn',
    rows: 17_945,
    labels: { 'Malicious DDoS': 12_850, 'Malicious C&C': 4041, Benign: 993, 'Malicious PartOfAHorizontalPortScan': 61 },
  },
}

const STRATOSPHERE: Readonly<Record<string, Expected>> = {
  '001-zeek-scenario-malicious/conn.log.gz': { kind: 'zeek-conn', rows: 992 },
  '001-zeek-scenario-malicious/labeled-conn.log.gz': {
    kind: 'zeek-conn',
    rows: 992,
    labels: { Background: 739, Malicious: 244, Benign: 9 },
  },
  '002-zeek-scenario-port-scanning/conn.log.gz': { kind: 'zeek-conn', rows: 4504 },
  '003-zeek-scenario-malicious/conn.log.gz': { kind: 'zeek-conn', rows: 361 },
  '005-zeek-scenario-malicious/conn.log.gz': { kind: 'zeek-conn', rows: 992 },
  '008-zeek-mixed/data/conn.log.labeled.gz': {
    kind: 'zeek-conn',
    rows: 5663,
    labels: { Malicious: 4201, Benign: 1402, Background: 60 },
  },
  '010-zeek-mixed/data/conn.log.labeled.gz': {
    kind: 'zeek-conn',
    rows: 5347,
    labels: { Malicious: 3373, Benign: 1937, Background: 37 },
  },
  'slips/port-scans/horizontal/conn.log.gz': { kind: 'zeek-conn', rows: 41 },
  'slips/port-scans/vertical/conn.log.gz': { kind: 'zeek-conn', rows: 50 },
  // Counted as 142 there: its first line, `#separator` behind a tab, was taken for a row.
  'slips/test10-mixed-zeek-dir/conn.log.gz': { kind: 'zeek-conn', rows: 141 },
  'slips/test9-mixed-zeek-dir/conn.log.gz': { kind: 'zeek-conn', rows: 576 },
}

const isThere = existsSync(shared)

describe.skipIf(!isThere)('the shared tables', () => {
  it.each(Object.entries(TABLES))('%s', async (path, { kind, rows, labels = {}, skipped = {} }) => {
    expect(await read(path)).toEqual({ kind, rows, used: rows, labels, skipped })
  })

  it.each(Object.entries(STRATOSPHERE))('stratosphere-zeek/%s', async (path, { kind, rows, labels = {} }) => {
    const found = await read(`stratosphere-zeek/${path}`)
    expect({ ...found, labels: firstWords(found.labels) }).toEqual({ kind, rows, used: rows, labels, skipped: {} })
  })

  it('conn logs of fewer than 11 rows are refused for that', async () => {
    for (const dir of [
      'test13-malicious-dhcpscan-zeek-dir',
      'test14-malicious-zeek-dir',
      'test15-malicious-zeek-dir',
    ]) {
      await expect(read(`stratosphere-zeek/slips/${dir}/conn.log.gz`)).rejects.toThrow(
        /usable rows; at least 11 rows are needed/,
      )
    }
  })

  it("every other log of Zeek's is named", async () => {
    const others = readdirSync(join(shared, 'stratosphere-zeek'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.gz') && !/(?:^|[/-])conn\.log/.test(name),
    )
    expect(others.length).toBeGreaterThan(35)
    for (const name of others) {
      const log = /([a-z0-9]+)\.log/.exec(name)?.[1]
      await expect(read(`stratosphere-zeek/${name}`)).rejects.toThrow(`This is Zeek's ${log} log.`)
    }
  })

  it('Zeek and NFStream tables of the same captures open', async () => {
    for (const name of readdirSync(join(shared, 'iot23-zeek/attakaay'))) {
      const { kind, rows, used } = await read(`iot23-zeek/attakaay/${name}`)
      expect({ kind, used }).toEqual({ kind: name.startsWith('zeek') ? 'zeek-conn' : 'flow-csv', used: rows })
    }
  })

  it('tables of anything else are refused, naming what is needed and what they have', async () => {
    const others = ['access-logs', 'auth-logs', 'ton-iot-telemetry', 'nsl-kdd', 'iotdevid-packets'].flatMap((dir) =>
      readdirSync(join(shared, dir))
        .filter((name) => /\.(?:csv|txt|log)(?:\.gz)?$/.test(name))
        .map((name) => `${dir}/${name}`),
    )
    expect(others.length).toBeGreaterThan(20)
    for (const name of others)
      await expect(read(name), name).rejects.toMatchObject({
        name: 'InputError',
        message: expect.stringMatching(/orig_pkts/),
      })
  })
})
