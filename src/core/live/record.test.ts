import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { type ReceivedRecord, recordMicros, toFlows } from './record.ts'
import { type FlowRecord, flowRecords } from './wire.ts'

const counts = { orig_pkts: 3, resp_pkts: 2, orig_bytes: 200, resp_bytes: 90 }
const received = (id: number, device: string, record: Partial<FlowRecord> = {}): ReceivedRecord => ({
  id,
  device,
  atMicros: id * 1e6,
  record: { ...counts, ...record },
})

describe('flow records', () => {
  it('become columns with whose they are', () => {
    const flows = toFlows(
      [
        received(5, 'cam', { peer: '198.51.100.7', peer_port: 443, proto: 'tcp', duration: 2 }),
        received(6, 'tv', { peer: '198.51.100.7', peer_port: 50_000, port: 80, outward: false }),
        received(7, 'cam'),
      ],
      (device) => (device === 'cam' ? '192.168.1.9' : undefined),
    )
    const { batch } = flows
    expect(batch.addresses).toEqual(['192.168.1.9', '198.51.100.7'])
    expect([...batch.origAddress]).toEqual([0, 1, 0])
    expect([...batch.respAddress]).toEqual([1, -1, -1])
    expect([...batch.respPort]).toEqual([443, 80, -1])
    expect([...batch.origPort]).toEqual([-1, 50_000, -1])
    expect([...batch.endMicros]).toEqual([7e6, 6e6, 7e6])
    expect(batch.watermarkMicros).toBe(7e6)
    expect(flows.deviceIds).toEqual(['cam', 'tv'])
    expect([...flows.device]).toEqual([0, 1, 0])
    expect([...flows.outward]).toEqual([1, 0, 1])
    expect([...batch.counts.slice(0, 4)]).toEqual([3, 2, 200, 90])
  })

  it('keep features that are known and leave the others open', () => {
    const features = Array.from({ length: 78 }, (_, i) => (i === 4 ? null : i))
    const { batch } = toFlows([received(1, 'a'), received(2, 'a', { features })], () => undefined)
    expect(batch.features?.slice(0, 78).every(Number.isNaN)).toBe(true)
    expect(batch.features?.[78 + 3]).toBe(3)
    expect(batch.features?.[78 + 4]).toBeNaN()
  })

  it.each([
    [undefined, 0],
    [1_763_000_100, 100],
    [1_762_999_000, -1000],
    // A clock that began at 1970, and one that runs a day ahead.
    [12, 0],
    [1_763_090_000, 0],
  ])('have the time %s s only where it can be', (ts, offset) => {
    const arrived = 1_763_000_000e6
    expect(recordMicros({ ...counts, ts }, arrived)).toBe(arrived + offset * 1e6)
  })

  it.each([
    [{}],
    [[]],
    [{ ...counts, orig_pkts: -1 }],
    [{ ...counts, orig_bytes: '200' }],
    [{ ...counts, features: [1, 2] }],
    [{ ...counts, extra: 1 }],
    [null],
    [Array.from({ length: 1001 }, () => counts)],
  ])('are refused when they are not flow records: %j', (given) => {
    expect(v.safeParse(flowRecords, given).success).toBe(false)
  })
})
