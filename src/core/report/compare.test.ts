import { describe, expect, it } from 'vitest'
import type { Case } from '../alert/case.ts'
import type { Severity } from '../alert/severity.ts'
import type { Device, Peer } from '../device/device.ts'
import { compareScans } from './compare.ts'

const peer = (address: string, name?: string, bytes = 10): Peer => ({
  address,
  name,
  flows: 1,
  bytes,
  firstMicros: 0,
  lastMicros: 0,
})

const device = (id: string, peers: Peer[] = []): Device => ({
  id,
  name: id.toUpperCase(),
  nameFrom: 'address',
  mac: undefined,
  randomMac: false,
  vendor: undefined,
  kind: undefined,
  addresses: [],
  firstMicros: 0,
  lastMicros: 0,
  flows: 1,
  bytesOut: 1,
  bytesIn: 1,
  peers,
  peerCount: peers.length,
})

const found = (id: string, severity: Severity): Case => ({
  id,
  device: id,
  deviceName: id.toUpperCase(),
  startMicros: 0,
  endMicros: 0,
  severity,
  title: '',
  usual: '',
  reasons: [],
  observations: [],
  confidence: { oneIn: 1, words: 'fairly', text: '' },
  harmless: '',
  advice: [],
  because: [],
  facts: {
    flows: 0,
    bytesOut: 0,
    bytesIn: 0,
    usualBytesOutPerHour: Number.NaN,
    usualBytesInPerHour: Number.NaN,
    hosts: 0,
    newHosts: 0,
    usualHosts: 0,
    unansweredFlows: 0,
    peers: [],
    ports: [],
  },
  findings: [],
  findingCount: 0,
})

describe('compareScans', () => {
  it('names who came and who went', () => {
    const { newDevices, goneDevices } = compareScans(
      { devices: [device('a'), device('b')], cases: [] },
      { devices: [device('b'), device('c')], cases: [] },
    )
    expect(newDevices.map(({ id }) => id)).toEqual(['c'])
    expect(goneDevices.map(({ id }) => id)).toEqual(['a'])
  })

  it('lists destinations that a known device did not have, most bytes first', () => {
    const { newDestinations } = compareScans(
      { devices: [device('a', [peer('1.1.1.1'), peer('2.2.2.2', 'cloud.example')])], cases: [] },
      {
        devices: [
          device('a', [
            peer('1.1.1.1'),
            peer('3.3.3.3', 'cloud.example'),
            peer('4.4.4.4'),
            peer('5.5.5.5', undefined, 99),
          ]),
          device('new', [peer('6.6.6.6')]),
        ],
        cases: [],
      },
    )
    expect(newDestinations.map(({ address }) => address)).toEqual(['5.5.5.5', '4.4.4.4'])
  })

  it('puts the device that turned worst first and leaves out the unchanged', () => {
    const devices = [device('a'), device('b'), device('c')]
    const { changedRisk } = compareScans(
      { devices, cases: [found('a', 'low'), found('b', 'high')] },
      { devices, cases: [found('a', 'low'), found('c', 'critical')] },
    )
    expect(changedRisk.map(({ device, before, after }) => [device, before, after])).toEqual([
      ['c', undefined, 'critical'],
      ['b', 'high', undefined],
    ])
  })

  it('finds nothing between a scan and itself', () => {
    const scan = { devices: [device('a', [peer('1.1.1.1')])], cases: [found('a', 'low')] }
    expect(compareScans(scan, scan)).toEqual({ newDevices: [], goneDevices: [], newDestinations: [], changedRisk: [] })
  })
})
