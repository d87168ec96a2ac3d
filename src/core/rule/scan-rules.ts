/** Port scan and host sweep: many doors knocked at in one go, and hardly any that opens. */
import { BoundedMap } from './bounded-map.ts'
import { type FlowEvent, ICMP, TCP, UDP } from './event.ts'
import { beginSpan, type Emit, extendSpan, isWorthTelling, type Rule, reasonsOf, type Span } from './rule.ts'

/** Ports of one host, and hosts of one port, that may go unanswered in a run. */
export const MAX_QUIET_PORTS = 14
export const MAX_QUIET_HOSTS = 15
/** Web hosts outside: an app without a way to the Internet tries them all. */
export const MAX_QUIET_WEB_HOSTS = 63
const WEB_PORTS = new Set([80, 443])
/** Clocks come in pools, and some of a pool are always away. */
const CLOCK_PORT = 123
/** Of the doors tried, the part that must have stayed shut. */
const FAILED_SHARE = 0.7
/** A run ends when nothing was tried for this long, and after LONGEST_MICROS at the latest. */
const IDLE_MICROS = 600e6
const LONGEST_MICROS = 3600e6
/** Runs kept at once, and distinct doors counted in one; beyond, the count stands still. */
export const MAX_RUNS = 16_384
export const MAX_DOORS = 4096

interface Run extends Span {
  readonly shut: Set<string | number>
  opened: Set<string | number> | undefined
  lastMicros: number
}

class Runs {
  readonly #runs = new BoundedMap<string, Run>(MAX_RUNS)

  get size(): number {
    return this.#runs.size
  }

  /** The run that the event belongs to; only a failed one begins a run. */
  add(key: string, door: string | number, event: FlowEvent): Run | undefined {
    let run = this.#runs.touch(key)
    const { micros, failed } = event
    if (run && (micros - run.lastMicros > IDLE_MICROS || micros - run.startMicros > LONGEST_MICROS)) {
      this.#runs.delete(key)
      run = undefined
    }
    if (!run) {
      if (!failed) return undefined
      run = { ...beginSpan(event), shut: new Set(), opened: undefined, lastMicros: micros }
      this.#runs.set(key, run)
    }
    run.lastMicros = micros
    extendSpan(run, event)
    if (!failed) {
      run.shut.delete(door)
      run.opened ??= new Set()
      if (run.opened.size < MAX_DOORS) run.opened.add(door)
    } else if (run.shut.size < MAX_DOORS && !run.opened?.has(door)) run.shut.add(door)
    return failed && shutShare(run) >= FAILED_SHARE ? run : undefined
  }
}

function shutShare({ shut, opened }: Run): number {
  return shut.size / Math.max(1, shut.size + (opened?.size ?? 0))
}

/** One source, many ports of one host. Also told of an outside host that scans the device. */
export class PortScan implements Rule {
  readonly runs = new Runs()

  hear(event: FlowEvent, emit: Emit): void {
    const { device, peer, port, outward, protocol } = event
    if ((protocol !== TCP && protocol !== UDP) || port < 0) return
    const run = this.runs.add(`${device} ${outward ? '>' : '<'} ${peer}`, port, event)
    const score = run?.shut.size ?? 0
    if (!run || !isWorthTelling(run, score, MAX_QUIET_PORTS)) return
    emit({
      rule: 'port-scan',
      device,
      span: run,
      score,
      threshold: MAX_QUIET_PORTS,
      reasons: reasonsOf([
        ['unanswered ports of one host', score, 0],
        ['part without an answer', shutShare(run), 0],
      ]),
      peer,
      port: -1,
      outward,
    })
  }
}

/** One port, many hosts. Pings count inside the home only: outside, refusals of what strangers sent look like them. */
export class HostSweep implements Rule {
  readonly runs = new Runs()

  hear(event: FlowEvent, emit: Emit): void {
    const { device, peer, port, outward, protocol, outside } = event
    const isPing = protocol === ICMP && !outside
    if (!outward || (protocol !== TCP && protocol !== UDP && !isPing) || (port < 0 && !isPing)) return
    if (port === CLOCK_PORT) return
    const door = isPing ? 0 : port
    const run = this.runs.add(`${device} ${protocol} ${door} ${outside}`, peer, event)
    const score = run?.shut.size ?? 0
    const threshold = outside && WEB_PORTS.has(port) ? MAX_QUIET_WEB_HOSTS : MAX_QUIET_HOSTS
    if (!run || !isWorthTelling(run, score, threshold)) return
    emit({
      rule: 'host-sweep',
      device,
      span: run,
      score,
      threshold,
      reasons: reasonsOf([
        ['unanswered hosts on one port', score, 0],
        ['part without an answer', shutShare(run), 0],
      ]),
      peer: '',
      port: door,
      outward: true,
    })
  }
}
