/** Small made-up records for tests of storage. */
import type { Case } from '#core/alert/case.ts'
import type { Device } from '#core/device/device.ts'
import type { DeviceFlows, ScanSummary, ScanUpdate } from '#core/scan/update.ts'

export function sampleCase(id: string): Case {
  return {
    id,
    device: 'ip:10.0.0.1',
    deviceName: 'Front-door camera',
    startMicros: 1e6,
    endMicros: 2e6,
    severity: 'high',
    title: 'Front-door camera talked to 34 new hosts.',
    usual: 'It normally talks to 3.',
    because: ['It sent 24,000 times more than usual.'],
    reasons: [{ feature: 'orig_bytes', value: 120e6, typical: 5000, share: 1 }],
    observations: [{ title: 'Host sweep', text: 'It knocked at 34 hosts.', startMicros: 1e6, techniques: ['T1018'] }],
    confidence: { oneIn: 400, words: 'very', text: '1 in 400 usual samples looks so' },
    harmless: 'A firmware update.',
    advice: ['Unplug it.'],
    facts: {
      flows: 212,
      bytesOut: 120e6,
      bytesIn: 1e6,
      usualBytesOutPerHour: Number.NaN,
      usualBytesInPerHour: Number.NaN,
      hosts: 34,
      newHosts: 31,
      usualHosts: 3,
      unansweredFlows: 4,
      peers: [],
      ports: [],
    },
    findings: [],
    findingCount: 1,
  }
}

export function sampleDevice(flows: number): Device {
  return {
    id: 'ip:10.0.0.1',
    name: 'Front-door camera',
    nameFrom: 'dhcp',
    mac: undefined,
    randomMac: false,
    vendor: undefined,
    kind: 'camera',
    addresses: ['10.0.0.1'],
    firstMicros: 1e6,
    lastMicros: 2e6,
    flows,
    bytesOut: 100,
    bytesIn: 200,
    peers: [],
    peerCount: 0,
  }
}

export function sampleUpdate(change: { rows?: number; cases?: Case[]; devices?: Device[] }): ScanUpdate {
  return {
    progress: {
      bytesRead: 1,
      bytesTotal: 2,
      packets: 3,
      rows: change.rows ?? 0,
      windows: 4,
      anomalies: 1,
      elapsedMs: 5,
    },
    flows: [],
    cases: change.cases ?? [],
    devices: change.devices ?? [sampleDevice(1)],
    notes: [
      { id: 'n', kind: 'new-device', device: 'ip:10.0.0.9', startMicros: 1e6, endMicros: 1e6, text: 'A new device.' },
    ],
  }
}

export function sampleSummary(): ScanSummary {
  return {
    file: 'home.pcap',
    kind: 'pcap',
    rows: 10,
    skipped: { 'truncated-udp': 1 },
    remarks: [],
    windows: 10,
    anomalies: 1,
    percentage: 10,
    model: { name: 'home', version: '1', sha256: 'ab' },
    threshold: 0.14,
    thresholdText: '1 alarm a week',
    startMicros: 1e6,
    endMicros: 2e6,
    devices: 1,
    cases: 1,
    baseline: { minutes: 60, outside: 2 },
    timeline: { startMicros: 1e6, binMicros: 1e6, binRows: 10, bins: 1, lanes: [] },
    elapsedMs: { read: 1, features: 1, score: 1, total: 3 },
    stopped: false,
  }
}

/** Flow n starts at n seconds, lasts half a second, and is of device 10.0.0.(1 when n is odd and below 8, else 2). */
export function sampleFlows({ firstRow, length }: { firstRow: number; length: number }): DeviceFlows {
  const numbers = Array.from({ length }, (_, i) => firstRow + i)
  return {
    batch: {
      length,
      row: Float64Array.from(numbers),
      startMicros: Float64Array.from(numbers, (n) => n * 1e6),
      endMicros: Float64Array.from(numbers, (n) => n * 1e6 + 5e5),
      addresses: ['10.0.0.1', '10.0.0.2'],
      origAddress: new Int32Array(length),
      respAddress: new Int32Array(length).fill(1),
      origPort: new Int32Array(length).fill(4000),
      respPort: new Int32Array(length).fill(443),
      protocol: new Int16Array(length).fill(6),
      counts: Float64Array.from(numbers.flatMap((n) => [n, 2, 3, 0.5])),
      features: Float64Array.from(numbers.flatMap((n) => Array.from({ length: 78 }, (_, k) => n + k / 100))),
      labels: ['benign'],
      label: new Int32Array(length),
      categories: [{ name: 'proto', values: ['tcp'], code: new Int32Array(length) }],
      watermarkMicros: firstRow * 1e6,
    },
    deviceIds: ['ip:10.0.0.1', 'ip:10.0.0.2'],
    device: Int32Array.from(numbers, (n) => (n % 2 === 1 && n < 8 ? 0 : 1)),
    outward: new Uint8Array(length).fill(1),
  }
}
