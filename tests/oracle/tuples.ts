/** Packet counts per conversation, from our flows and from other tools' tables: cut flows of one five-tuple are added up. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '#core/base/errors.ts'
import { type ReadFlow, readFlows } from '../read-flows.ts'

/** By protocol and the two ends in a fixed order: packets from the first and from the second. */
export type Tuples = Map<string, [number, number]>

export interface Comparison {
  readonly equal: number
  readonly total: number
  /** One line per conversation that differs. */
  readonly differences: readonly string[]
}

export const ORACLE = new URL('../../../shared/oracle/', import.meta.url).pathname
export const DATA = new URL('../../../shared/data/', import.meta.url).pathname
export const hasOracle = existsSync(ORACLE)

/** Directions that the tool may have turned are told apart only if `directed`. */
export function addPackets(
  tuples: Tuples,
  ends: readonly [string, string],
  protocol: string,
  packets: [number, number],
): void {
  const turned = ends[0] > ends[1]
  const key = `${protocol} ${turned ? `${ends[1]} ${ends[0]}` : `${ends[0]} ${ends[1]}`}`
  const sum = tuples.get(key) ?? [0, 0]
  const same = ends[0] === ends[1]
  sum[same ? 0 : turned ? 1 : 0] += packets[0]
  sum[same ? 0 : turned ? 0 : 1] += packets[1]
  tuples.set(key, sum)
}

export async function ourFlows(path: string): Promise<readonly ReadFlow[]> {
  try {
    return (await readFlows(readFileSync(path))).flows
  } catch (error) {
    if (error instanceof InputError) return []
    throw error
  }
}

export function ourTuples(flows: readonly ReadFlow[], protocols: Readonly<Record<number, string>>): Tuples {
  const tuples: Tuples = new Map()
  for (const { from, to, protocol, counts } of flows) {
    const name = protocols[protocol]
    if (name !== undefined) addPackets(tuples, [from, to], name, [counts[0]!, counts[1]!])
  }
  return tuples
}

/** What the tool has, against ours. */
export function compareTuples(file: string, theirs: Tuples, ours: Tuples): Comparison {
  const differences: string[] = []
  let equal = 0
  for (const [key, [first, second]] of theirs) {
    const own = ours.get(key)
    if (own !== undefined && own[0] === first && own[1] === second) equal++
    else differences.push(`${file}: ${key}: ${first}/${second} there, ${own?.join('/') ?? 'none'} here`)
  }
  return { equal, total: theirs.size, differences }
}

/** nDPI's per-flow lines: TCP and UDP. */
export async function compareNdpi(): Promise<Comparison> {
  const folder = join(ORACLE, 'ndpi')
  const parts: Comparison[] = []
  for (const name of readdirSync(join(folder, 'result'))) {
    const path = join(folder, 'pcap', name.replace(/\.out$/, ''))
    if (!existsSync(path)) continue
    const theirs: Tuples = new Map()
    for (const line of readFileSync(join(folder, 'result', name), 'utf8').split('\n')) {
      const flow = /^\s+\d+\s+(TCP|UDP) (\S+) (?:<->|->) (\S+) .*?\[(\d+) pkts\/\d+ bytes (?:<->|->) (\d+) pkts/.exec(
        line,
      )
      if (flow === null) continue
      const ends = [plainEnd(flow[2]!), plainEnd(flow[3]!)] as const
      addPackets(theirs, ends, flow[1]!, [Number(flow[4]), Number(flow[5])])
    }
    const flows = await ourFlows(path)
    parts.push(compareTuples(name.replace(/\.out$/, ''), theirs, ourTuples(flows, { 6: 'TCP', 17: 'UDP' })))
  }
  return joined(parts)
}

/** nDPI writes `[fd00::1]:53`, and `::` for a single zero too, which RFC 5952 does not. */
function plainEnd(end: string): string {
  const colon = end.lastIndexOf(':')
  const address = end.slice(0, colon).replace(/[[\]]/g, '')
  if (!address.includes('::') || address.split(':').filter((group) => group !== '').length !== 7)
    return `${address}${end.slice(colon)}`
  const zero = address.startsWith('::') ? '0:' : address.endsWith('::') ? ':0' : ':0:'
  return `${address.replace('::', zero)}${end.slice(colon)}`
}

/** Zeek's conn.log baselines, for those whose trace is at hand: TCP and UDP. */
export async function compareZeek(): Promise<Comparison> {
  const folder = join(ORACLE, 'zeek')
  const parts: Comparison[] = []
  const map: { test: string; trace: string }[] = JSON.parse(readFileSync(join(folder, 'map.json'), 'utf8'))
  for (const { test, trace } of map) {
    const log = join(folder, test, 'conn.log')
    const path = join(DATA, 'pcap-testsuite/zeek', trace.replaceAll('/', '__'))
    if (!existsSync(log) || !existsSync(path)) continue
    const theirs = readConnLog(readFileSync(log, 'utf8'))
    const flows = await ourFlows(path)
    parts.push(compareTuples(test, theirs, ourTuples(flows, { 6: 'tcp', 17: 'udp' })))
  }
  return joined(parts)
}

function readConnLog(text: string): Tuples {
  const tuples: Tuples = new Map()
  let fields: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('#fields')) fields = line.split('\t').slice(1)
    if (line.startsWith('#') || line === '') continue
    const values = line.split('\t')
    const get = (field: string) => values[fields.indexOf(field)] ?? ''
    const protocol = get('proto')
    if (protocol !== 'tcp' && protocol !== 'udp') continue
    const ends = [`${get('id.orig_h')}:${get('id.orig_p')}`, `${get('id.resp_h')}:${get('id.resp_p')}`] as const
    addPackets(tuples, ends, protocol, [Number(get('orig_pkts')), Number(get('resp_pkts'))])
  }
  return tuples
}

function joined(parts: readonly Comparison[]): Comparison {
  return {
    equal: parts.reduce((sum, part) => sum + part.equal, 0),
    total: parts.reduce((sum, part) => sum + part.total, 0),
    differences: parts.flatMap((part) => part.differences),
  }
}
