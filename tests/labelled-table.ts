/** A labelled flow table for tests: three devices with habits of their own, then a scan and a transfer from one of them. */
import { createRandom } from '#core/base/random.ts'

const HEADER =
  'ts,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,service,duration,orig_bytes,resp_bytes,conn_state,orig_pkts,resp_pkts,label'
const START_S = 1_760_000_000

export interface TableShape {
  readonly seed: number
  readonly benign: number
  readonly scan: number
  readonly transfer: number
}

/** Rows in time order, about one in 20 s; attacks stand among the last third. */
export function labelledTable({ seed, benign, scan, transfer }: TableShape): string {
  const random = createRandom(seed)
  const whole = (low: number, high: number) => low + random.int(high - low + 1)
  const total = benign + scan + transfer
  const lines = [HEADER]
  let left = { benign, scan, transfer }
  for (let i = 0; i < total; i++) {
    const at = (START_S + 20 * i + random.next()).toFixed(6)
    const drawn = random.int(Math.max(1, left.benign + (i > total / 2 ? left.scan + left.transfer : 0)))
    const kind = drawn < left.benign ? 'benign' : drawn < left.benign + left.scan ? 'scan' : 'transfer'
    left = { ...left, [kind]: left[kind] - 1 }
    lines.push(row(kind, at, whole))
  }
  return `${lines.join('\n')}\n`
}

function row(kind: 'benign' | 'scan' | 'transfer', at: string, whole: (low: number, high: number) => number): string {
  const device = kind === 'benign' ? whole(0, 2) : 2
  const from = `192.168.1.${10 + device},${whole(40_000, 60_000)}`
  if (kind === 'scan') {
    return [at, from, `192.168.1.${whole(20, 250)},23,tcp,-,0.001,0,0,S0`, whole(1, 2), 0, 'Scan'].join(',')
  }
  if (kind === 'transfer') {
    const packets = whole(2_000, 4_000)
    const cells = [packets * 1300, packets * 40, 'SF', packets, whole(1_000, 2_000), 'Transfer']
    return [at, from, '198.51.100.9,8443,tcp,-', whole(20, 60), ...cells].join(',')
  }
  const packets = whole(4, 8) * (1 + device)
  const [port, service] = device === 0 ? [53, 'dns'] : [443, 'ssl']
  const proto = device === 0 ? 'udp' : 'tcp'
  const cells = [`203.0.113.${5 + device}`, port, proto, service, (whole(1, 40) / 10).toFixed(2)]
  return [at, from, ...cells, packets * whole(60, 90), packets * whole(90, 200), 'SF', packets, packets, 'Benign'].join(
    ',',
  )
}
