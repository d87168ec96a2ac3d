/** Clear-text logins: services that ask for a password and send it readable. Told once for each pair; from ports alone, so it "may carry". */
import { SeenSet } from '../base/seen-set.ts'
import { type FlowEvent, TCP } from './event.ts'
import { beginSpan, type Emit, type Rule, reasonsOf } from './rule.ts'

/** FTP (RFC 959), telnet (854), POP3 (1939), IMAP (9051), rlogin (1282), LDAP (4511), SNMP is UDP and left out, MQTT (OASIS 3.1.1 §3.1.3.5). */
const LOGIN_PORTS = new Set([21, 23, 110, 143, 389, 513, 1883, 2323])
/** Basic authentication (RFC 7617) is what administration pages inside the home ask for; outside, plain HTTP mostly carries none. */
const PAGE_PORTS = new Set([80, 81, 8000, 8080, 8081])
export const MAX_PAIRS = 16_384
/** A handshake and a greeting are not yet a login. */
const MIN_PACKETS = 4

export class ClearTextLogin implements Rule {
  readonly #told = new SeenSet(MAX_PAIRS)

  hear(event: FlowEvent, emit: Emit): void {
    const { device, peer, port, outward, outside, protocol, bytesOut, bytesIn, packetsOut, packetsIn } = event
    const isLogin = LOGIN_PORTS.has(port) || (PAGE_PORTS.has(port) && !outside)
    if (!isLogin || protocol !== TCP || bytesOut === 0 || bytesIn === 0) return
    if (Math.min(packetsOut, packetsIn) < MIN_PACKETS) return
    if (!this.#told.start(device).addWord(port).addText(peer).isNew()) return
    emit({
      rule: 'clear-text-login',
      device,
      span: beginSpan(event),
      score: Math.min(packetsOut, packetsIn),
      threshold: MIN_PACKETS - 1,
      reasons: reasonsOf([['bytes of readable traffic', bytesOut + bytesIn, 0]]),
      peer,
      port,
      outward,
    })
  }
}
