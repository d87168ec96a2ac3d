import { describe, expect, it } from 'vitest'
import { FEATURE_NAMES } from '../flow/features.ts'
import { CIC_NAMES } from './cic-names.ts'
import { lines, readTable } from './fixture.ts'

const at = (name: string) => FEATURE_NAMES.indexOf(name)

/** Row i has 100 j + i in feature j, so that each value says where it belongs; the duration is 2 s. */
const value = (j: number, i: number) => (j === at('Flow Duration') ? 2e6 : 100 * j + i)
const body = (i: number, columns: readonly number[]) => columns.map((j) => value(j, i)).join(',')
const ALL = FEATURE_NAMES.map((_, j) => j)

describe('CICFlowMeter tables', () => {
  it('fill the 78 from MachineLearningCVE, with leading blanks and a column that comes twice', async () => {
    const header = [
      ...FEATURE_NAMES.map((name) => (name === 'Fwd Header Length.1' ? ' Fwd Header Length' : ` ${name}`)),
      ' Label',
    ].join(',')
    const { kind, flows, skipped } = await readTable(`${header}\n${lines(12, (i) => `${body(i, ALL)},BENIGN`)}`)
    expect(kind).toBe('cic-csv')
    expect(skipped).toEqual({})
    expect(flows[3]!.features).toEqual(ALL.map((j) => value(j, 3)))
    expect(flows[3]).toMatchObject({ counts: [203, 303, 403, 503], ports: [-1, 3], label: 'BENIGN' })
  })

  it('fill them from GeneratedLabelledFlows, with addresses and times of a 12-hour clock', async () => {
    const columns = ALL.filter((j) => j > 0)
    const header = `Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, Timestamp,${columns.map((j) => FEATURE_NAMES[j]).join(',')}, Label`
    const { flows } = await readTable(
      `${header}\n${lines(12, (i) => `f${i},192.168.10.5,${50_000 + i},8.8.8.8,53,17,7/7/2017 ${i % 2 ? 3 : 9}:30,${body(i, columns)},BENIGN`)}`,
    )
    expect(flows[1]).toMatchObject({ orig: '192.168.10.5', resp: '8.8.8.8', ports: [50_001, 53], protocol: 17 })
    expect(flows[0]!.start).toBe(Date.UTC(2017, 6, 7, 9, 30) * 1000)
    expect(flows[1]!.start).toBe(Date.UTC(2017, 6, 7, 15, 30) * 1000)
    expect(flows[1]!.end - flows[1]!.start).toBe(2e6)
    expect(flows[1]!.features!.slice(0, 4)).toEqual([53, 2e6, 201, 301])
  })

  it.each([
    ['CSE-CIC-IDS2018', (names: readonly string[]) => names.at(-1)!],
    ["the tool's own", (names: readonly string[]) => names[1] ?? names[0]!],
  ])('fill them from the names of %s', async (_, pick) => {
    const columns = ALL.filter((j) => j !== at('Fwd Header Length.1'))
    const { kind, flows } = await readTable(
      `${columns.map((j) => pick(CIC_NAMES[j]!)).join(',')},Label\n${lines(11, (i) => `${body(i, columns)},Benign`)}`,
    )
    expect(kind).toBe('cic-csv')
    const expected = ALL.map((j) => value(j === at('Fwd Header Length.1') ? at('Fwd Header Length') : j, 4))
    expect(flows[4]!.features).toEqual(expected)
  })

  it('work out counts whose columns were left out, and say so', async () => {
    const without = ['Total Backward Packets', 'Total Length of Bwd Packets'].map(at)
    const columns = ALL.filter((j) => !without.includes(j))
    const { flows, remarks } = await readTable(
      `${columns.map((j) => FEATURE_NAMES[j]).join(',')}\n${lines(11, (i) => body(i, columns))}`,
    )
    const packets = Math.round((value(at('Bwd Packets/s'), 5) * 2e6) / 1e6)
    expect(flows[5]!.counts).toEqual([205, packets, 405, Math.round(value(at('Bwd Packet Length Mean'), 5) * packets)])
    expect(flows[5]!.features![at('Total Backward Packets')]).toBeNaN()
    expect(remarks.join(' ')).toMatch(
      /no column Total Backward Packets: it was worked out as Bwd Packets\/s × Flow Duration/,
    )
  })

  it('take the two rates of a flow without duration for -1, and nothing else that is not finite', async () => {
    const cells = (change: Readonly<Record<string, string>>) =>
      FEATURE_NAMES.map((name, j) => change[name] ?? value(j, 1)).join(',')
    const { flows, skipped } = await readTable(
      `${FEATURE_NAMES.join(',')}\n${lines(10, () => cells({}))}${[
        cells({ 'Flow Duration': '0', 'Flow Bytes/s': 'NaN', 'Flow Packets/s': 'Infinity' }),
        cells({ 'Flow Duration': '0', 'Flow Bytes/s': '', 'Flow Packets/s': 'inf' }),
        cells({ 'Flow Packets/s': 'Infinity' }),
        cells({ 'Flow Duration': '0', 'Idle Max': 'NaN' }),
        cells({ 'Flow Duration': '-1', Init_Win_bytes_forward: '-1' }),
      ].join('\n')}`,
    )
    expect(flows.map(({ row }) => row)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15])
    expect(flows[10]!.features!.slice(14, 16)).toEqual([-1, -1])
    expect(skipped).toEqual({ 'not finite in Flow Packets/s': 1, 'not finite in Idle Max': 1 })
  })
})
