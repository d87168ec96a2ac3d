/** A request to an address that a person gave: never into private networks unless allowed, no redirects, bounded in time and size. */
import { lookup as resolve } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { DeliveryError } from './outbox.ts'

const TIMEOUT_MS = 10_000
const MOST_ANSWER_BYTES = 64 << 10
const LONGEST_RETRY_MS = 3600_000

export interface SafeRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  readonly allowPrivate: boolean
  readonly timeoutMs?: number
}

/** Resolves with the answer's body. Throws DeliveryError with what went wrong and when to try again. */
export async function post({ url, headers, body, allowPrivate, timeoutMs = TIMEOUT_MS }: SafeRequest): Promise<string> {
  const target = new URL(url)
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    throw new DeliveryError(`${target.protocol} is not spoken here: only https and http`, { isFinal: true })
  const address = await findAddress(target.hostname, allowPrivate)
  return send({ target, address, headers, body, timeoutMs })
}

/** The one address that is asked, then connected to: a name that changes between the two (rebinding) changes nothing. */
async function findAddress(host: string, allowPrivate: boolean): Promise<string> {
  const name = host.replace(/^\[|\]$/g, '')
  const found = isIP(name) ? [{ address: name }] : await resolve(name, { all: true }).catch(() => [])
  const [first] = found
  if (!first) throw new DeliveryError(`There is no address for ${name}.`)
  const refused = found.find(({ address }) => !allowPrivate && !isPublic(address))
  if (refused)
    throw new DeliveryError(
      `${name} is in a private network (${refused.address}). Allow that for this channel if it is meant.`,
      {
        isFinal: true,
      },
    )
  return first.address
}

export function isPublic(address: string): boolean {
  const parsed = ipaddr.process(address)
  return parsed.range() === 'unicast'
}

interface Sending {
  readonly target: URL
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  readonly timeoutMs: number
}

function send({ target, address, headers, body, timeoutMs }: Sending): Promise<string> {
  const family = isIP(address) === 6 ? 6 : 4
  return new Promise((fulfil, reject) => {
    const fail = (message: string) => reject(new DeliveryError(message))
    const open = target.protocol === 'https:' ? httpsRequest : httpRequest
    const request = open(
      target,
      {
        method: 'POST',
        headers: { 'content-length': String(Buffer.byteLength(body)), ...headers },
        timeout: timeoutMs,
        lookup: (_name, options, done) => {
          if (options.all) done(null, [{ address, family }])
          else done(null, address, family)
        },
      },
      (response) => {
        const parts: Buffer[] = []
        let size = 0
        response.on('data', (part: Buffer) => {
          size += part.length
          if (size > MOST_ANSWER_BYTES) response.destroy()
          else parts.push(part)
        })
        response.on('close', () => {
          clearTimeout(overall)
          const { statusCode = 0 } = response
          if (statusCode >= 200 && statusCode < 300) fulfil(Buffer.concat(parts).toString())
          else reject(refusal(statusCode, response.headers['retry-after']))
        })
        response.on('error', () => {})
      },
    )
    const overall = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
    request.on('error', (error) => {
      clearTimeout(overall)
      fail(`${target.host}: ${error.message}`)
    })
    request.end(body)
  })
}

function refusal(status: number, retryAfter: string | undefined): DeliveryError {
  if (status >= 300 && status < 400)
    return new DeliveryError(`The address answers with a redirect (${status}), which is not followed.`, {
      isFinal: true,
      status,
    })
  const seconds = Number(retryAfter)
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, LONGEST_RETRY_MS) : undefined
  // 408 and 429 pass; other 4xx say that the same request will never do.
  const isFinal = status >= 400 && status < 500 && status !== 408 && status !== 429
  return new DeliveryError(`The address answered ${status}.`, { retryAfterMs, isFinal, status })
}
