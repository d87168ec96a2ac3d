/**
 * Blocks and slows addresses with Linux's nftables, in a table of its own, so that the host's other rules stay as they are. Gives JSON to
 * `nft -j` (libnftables-json(5)): each call is one transaction of the kernel, all or nothing. Needs CAP_NET_ADMIN.
 */
import { spawn } from 'node:child_process'
import { isIPv6 } from 'node:net'
import { readAddress } from '#core/prevent/address.ts'
import type { Effect } from './action-port.ts'
import type { Firewall } from './firewall.ts'

/** nft could not be run, or refused; what stood before stands. */
export class FirewallError extends Error {
  override name = 'FirewallError' as const
}

export interface NftablesOptions {
  /** Program and first arguments, as ['ip', 'netns', 'exec', 'home', 'nft']. */
  readonly command?: readonly [string, ...string[]]
}

const FAMILY = 'inet'
const TABLE = 'guardian'
const own = { family: FAMILY, table: TABLE }
/** Before the host's own filter chains (priority 0). To accept here means only: go on to those. */
const PRIORITY = -10
const TIME_LIMIT_MS = 5000
const LONGEST_SECONDS = 365 * 86_400
/** Addresses that are slowed at once: each is a rule that every packet passes, and all together are one argument (128 KiB at most). */
const MOST_LIMITS = 256

type Command = Readonly<Record<string, unknown>>

/** Makes the table anew, empty. Throws FirewallError when nft is missing or not allowed. */
export async function openNftables({ command = ['nft'] }: NftablesOptions = {}): Promise<Firewall> {
  const limits = new Map<string, number>()
  let last: Promise<unknown> = Promise.resolve()
  // One after the other: limits are written as a whole.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work)
    last = next.catch(() => {})
    return next
  }
  await run(command, [...removal(), ...skeleton()])

  return {
    block: (text, seconds) =>
      inTurn(async () => {
        const address = readAddress(text)
        await run(command, [...forget(address), addElement(address, seconds)])
        return done(`The firewall lets nothing from or to ${address} pass.`)
      }),
    unblock: (text) =>
      inTurn(async () => {
        const address = readAddress(text)
        await run(command, forget(address))
        return done(`The firewall lets ${address} pass again.`)
      }),
    limit: (text, packetsPerSecond) =>
      inTurn(async () => {
        const address = readAddress(text)
        const next = new Map(limits)
        if (packetsPerSecond === undefined) next.delete(address)
        else next.set(address, packetsPerSecond)
        if (next.size > MOST_LIMITS) throw new FirewallError(`At most ${MOST_LIMITS} addresses are slowed at once.`)
        await run(command, writeLimits(next))
        if (packetsPerSecond === undefined) limits.delete(address)
        else limits.set(address, packetsPerSecond)
        return done(
          packetsPerSecond === undefined
            ? `The firewall no longer slows ${address}.`
            : `The firewall lets about ${packetsPerSecond} packets a second from ${address} pass.`,
        )
      }),
    clear: () => inTurn(() => run(command, removal())),
  }
}

const done = (detail: string): Effect => ({ success: true, detail })

/** Adding first makes the deletion succeed where there is no table. */
function removal(): Command[] {
  const table = { table: { family: FAMILY, name: TABLE } }
  return [{ add: table }, { delete: table }]
}

function skeleton(): Command[] {
  const chain = (name: string, more: object = {}): Command => ({ add: { chain: { ...own, name, ...more } } })
  const hook = (name: string) => chain(name, { type: 'filter', hook: name, prio: PRIORITY, policy: 'accept' })
  const jump = (from: string): Command => rule(from, [{ jump: { target: 'check' } }])
  return [
    { add: { table: { family: FAMILY, name: TABLE } } },
    { add: { set: { ...own, name: 'blocked4', type: 'ipv4_addr', flags: ['timeout'] } } },
    { add: { set: { ...own, name: 'blocked6', type: 'ipv6_addr', flags: ['timeout'] } } },
    chain('limits'),
    chain('check'),
    ...['blocked4', 'blocked6'].flatMap((set) =>
      ['saddr', 'daddr'].map((field) => rule('check', [match(field, `@${set}`, set === 'blocked6'), { drop: null }])),
    ),
    rule('check', [{ jump: { target: 'limits' } }]),
    ...['forward', 'input', 'output'].flatMap((name) => [hook(name), jump(name)]),
  ]
}

const rule = (chain: string, expr: readonly object[]): Command => ({ add: { rule: { ...own, chain, expr } } })

const match = (field: string, right: string, isSix: boolean) => ({
  match: { op: '==', left: { payload: { protocol: isSix ? 'ip6' : 'ip', field } }, right },
})

const setOf = (address: string) => (isIPv6(address) ? 'blocked6' : 'blocked4')

function addElement(address: string, seconds: number | undefined): Command {
  const timeout = seconds === undefined ? {} : { timeout: Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(seconds))) }
  return { add: { element: { ...own, name: setOf(address), elem: [{ elem: { val: address, ...timeout } }] } } }
}

/** As with the table: deleting what is not there would fail. A time once set can only be changed by deleting, too. */
function forget(address: string): Command[] {
  const element = { element: { ...own, name: setOf(address), elem: [address] } }
  return [{ add: element }, { delete: element }]
}

function writeLimits(limits: ReadonlyMap<string, number>): Command[] {
  return [
    { flush: { chain: { ...own, name: 'limits' } } },
    ...[...limits].map(([address, perSecond]) =>
      rule('limits', [match('saddr', address, isIPv6(address)), overLimit(perSecond), { drop: null }]),
    ),
  ]
}

/** Whole numbers only: slow rates are said by the minute or hour. */
function overLimit(perSecond: number): object {
  const [rate, per] =
    perSecond >= 100
      ? [perSecond, 'second']
      : perSecond * 60 >= 1
        ? [perSecond * 60, 'minute']
        : [perSecond * 3600, 'hour']
  return {
    limit: { rate: Math.max(1, Math.round(rate)), per, burst: Math.max(5, Math.ceil(perSecond)), inv: true },
  }
}

/** Without a shell, and as an argument: `-f -` opens /dev/stdin anew, which fails on the socket that Node gives a child as its input. */
function run([program, ...args]: readonly [string, ...string[]], nftables: readonly Command[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const nft = spawn(program, [...args, '-j', JSON.stringify({ nftables })], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    })
    let said = ''
    nft.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 1000) said += text
    })
    nft.once('error', (error) => reject(new FirewallError(`nft could not be run: ${error.message}`)))
    nft.once('close', (code, signal) => {
      if (code === 0) return resolve()
      const why = signal === null ? said.trim().split('\n', 1)[0] || `code ${code}` : `it took over ${TIME_LIMIT_MS} ms`
      reject(new FirewallError(`nft refused: ${why}`))
    })
  })
}
