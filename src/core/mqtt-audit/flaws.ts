/** Versions of brokers with flaws that clients can use (mosquitto.org/security, github.com/emqx/emqx/security). */

export interface BrokerVersion {
  readonly broker: string
  readonly numbers: readonly number[]
}

interface Flaw {
  readonly broker: string
  /** Since and up to before; as numbers of a version. */
  readonly from: readonly number[]
  readonly until: readonly number[]
  readonly name: string
}

const FLAWS: readonly Flaw[] = [
  { broker: 'mosquitto', from: [0], until: [1, 4, 12], name: 'CVE-2017-7650 (rules passed by the names # and +)' },
  { broker: 'mosquitto', from: [0], until: [1, 4, 15], name: 'CVE-2017-7651 (memory before log-in)' },
  { broker: 'mosquitto', from: [1, 0], until: [1, 5, 6], name: 'CVE-2018-12551 (log-in without password)' },
  { broker: 'mosquitto', from: [1, 5], until: [1, 5, 3], name: 'CVE-2018-12543 (crash by a topic)' },
  { broker: 'mosquitto', from: [1, 5], until: [1, 6, 6], name: 'CVE-2019-11779 (crash by a filter)' },
  { broker: 'mosquitto', from: [2, 0], until: [2, 0, 8], name: 'CVE-2021-34432 (crash by an empty topic)' },
  {
    broker: 'mosquitto',
    from: [1, 3, 2],
    until: [2, 0, 16],
    name: 'CVE-2023-28366 (memory by repeated QoS 2 messages)',
  },
  { broker: 'mosquitto', from: [0], until: [2, 0, 16], name: 'CVE-2023-0809 (memory before log-in)' },
  { broker: 'mosquitto', from: [0], until: [2, 0, 19], name: 'CVE-2024-8376 (crash by a sequence of packets)' },
]

/** Of `mosquitto version 2.0.11`, `EMQX 5.8.1`; undefined when no name and number can be found. */
export function parseVersion(text: string): BrokerVersion | undefined {
  const found = /^\s*([a-z]+)[^\d]{0,40}(\d{1,5}(?:\.\d{1,5}){0,3})/i.exec(text)
  if (!found) return undefined
  return { broker: found[1]!.toLowerCase(), numbers: found[2]!.split('.').map(Number) }
}

export function findFlaws({ broker, numbers }: BrokerVersion): string[] {
  return FLAWS.filter(
    (flaw) => flaw.broker === broker && compare(numbers, flaw.from) >= 0 && compare(numbers, flaw.until) < 0,
  ).map(({ name }) => name)
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
