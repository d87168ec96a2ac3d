import { expect, it } from 'vitest'
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import { ScopeWatch } from './scope-watch.ts'

const rows = 400
/** To it nothing looks like what it learnt; it met one device by its MAC, one by a public and one by a private address. */
const judge: FlowJudge = {
  name: 'a',
  version: '1.0.0',
  kind: 'nearest',
  threshold: 1,
  score: async () => new Float64Array(rows),
  explain: async () => ({ scale: '', score: 0, base: 0, contributions: [] }),
  scope: () => ({ blocks: 4, outside: 4, isForeign: true, shift: 1, novelty: 1, farthest: ['orig_bytes'] }),
  knows: (device) => ['mac:70:97:41:3a:52:01', 'ip:203.0.113.9', 'ip:192.168.1.2'].includes(device),
}

function flowsOf(devices: readonly string[]): FlowDataset {
  return {
    rows,
    matrix: { features: ['orig_bytes'], rows, values: new Float32Array(rows) },
    counts: new Float64Array(rows * 4),
    device: Int32Array.from({ length: rows }, (_, row) => row % devices.length),
    devices,
    capture: new Int32Array(rows),
    captures: [''],
    startMicros: new Float64Array(rows),
    row: Float64Array.from({ length: rows }, (_, row) => row + 1),
    labels: undefined,
    classes: ['benign'],
  }
}

it.each([
  ['of devices that it never met', ['mac:8c:fd:f0:71:aa:54'], true],
  ['of a private address, which every home has', ['ip:192.168.1.2'], true],
  ['of its own device, by MAC', ['mac:70:97:41:3a:52:01'], false],
  ['of its own device, by public address', ['ip:203.0.113.9'], false],
  ['of which a third is of its own device', ['mac:70:97:41:3a:52:01', 'ip:10.0.0.1', 'ip:10.0.0.2'], true],
])('strange traffic %s', (_, devices, isForeign) => {
  const watch = new ScopeWatch(judge)
  watch.add(flowsOf(devices))
  watch.look()
  expect(watch.isForeign).toBe(isForeign)
  expect(watch.remark).toMatch(isForeign ? /held back/ : /though it comes from devices that it knows/)
})
