/** A labelled table of flows for training and evaluation in the page: four devices with their habits, and three kinds of attack. */
import { createRandom } from '../src/core/base/random.ts'

const DEVICES = ['192.168.1.10', '192.168.1.11', '192.168.1.12', '192.168.1.13'] as const
const DAY_S = 86_400
const START_S = 1_760_000_000

/** `days` of benign flows, a flow about every four minutes for each device; attacks come in two bouts, on the last device. */
export function labelledCsv(options: { seed: number; days: number }): Uint8Array {
  const random = createRandom(options.seed)
  const between = (low: number, high: number) => low + random.next() * (high - low)
  const lines: { at: number; text: string }[] = []
  const add = (flow: { at: number; from: string; to: string; port: number; counts: number[]; label: string }) => {
    const { at, from, to, port, counts, label } = flow
    const [a = 0, b = 0, c = 0, d = 0] = counts.map(Math.round)
    const text = [
      at.toFixed(3),
      (at + 1).toFixed(3),
      from,
      to,
      40_000 + (lines.length % 999),
      port,
      6,
      a,
      b,
      c,
      d,
      label,
    ].join(',')
    lines.push({ at, text })
  }
  DEVICES.forEach((from, place) => {
    for (let at = START_S; at < START_S + options.days * DAY_S; at += between(120, 360)) {
      const size = 1 + place
      const counts = [between(4, 9) * size, between(4, 8) * size, between(200, 600) * size, between(300, 900) * size]
      add({ at, from, to: `203.0.113.${5 + place}`, port: 443, counts, label: 'Benign' })
    }
  })
  const victim = DEVICES[3]
  const floodAt = START_S + options.days * DAY_S * 0.3
  for (let i = 0; i < 250; i++) {
    const counts = [between(400, 900), between(0, 3), between(40_000, 90_000), 0]
    add({ at: floodAt + i * 2, from: victim, to: '198.51.100.7', port: 80, counts, label: 'Flood' })
  }
  const sweepAt = START_S + options.days * DAY_S * 0.8
  for (let i = 0; i < 250; i++) {
    add({ at: sweepAt + i, from: victim, to: `198.51.${i % 200}.9`, port: 23, counts: [1, 0, 0, 0], label: 'Sweep' })
  }
  // Inside every usual range taken by itself: only the combination of much sent and little received is odd.
  const leakAt = START_S + options.days * DAY_S * 0.5
  for (let i = 0; i < 400; i++) {
    const counts = [between(8, 16), between(8, 14), between(900, 1500), between(300, 450)]
    add({ at: leakAt + i * 45, from: victim, to: '203.0.113.8', port: 443, counts, label: 'Leak' })
  }
  lines.sort((x, y) => x.at - y.at)
  const head = 'ts,end,src_ip,dst_ip,src_port,dst_port,protocol,orig_pkts,resp_pkts,orig_bytes,resp_bytes,label'
  return new TextEncoder().encode([head, ...lines.map(({ text }) => text)].join('\n'))
}
