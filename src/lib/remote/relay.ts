/** The page's side of the relay at its own address: requests read by the same schemas, and the WebSocket of what happens. */
import * as v from 'valibot'
import { type User, user } from '#core/account/wire.ts'
import { type ChannelMessage, channelMessage } from '#core/live/wire.ts'
import { type SyncAnswer, syncAnswer } from '#core/sync/wire.ts'
import { applySync, dropChange, forgetRelay, refuseChange, syncedTo, waitingChanges } from '#db/relay-copy.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The relay answered and refused: the sentence is its own. Status 0: it was not reached. */
export class RelayError extends Error {
  override name = 'RelayError' as const
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

const status = v.object({ name: v.literal('iot-guardian'), version: v.string(), claimed: v.boolean() })
export type RelayStatus = v.InferOutput<typeof status>

const refusal = v.object({ message: v.string() })
const ticket = v.object({ ticket: v.string() })

/** Where the relay is: beside the page, under the path that the page itself is served from. */
export class RelayClient {
  readonly #base: string

  /** Ends with a slash. */
  constructor(base: string) {
    this.#base = base
  }

  /** Undefined when what answers there is no relay: a plain web server. */
  async status(): Promise<RelayStatus | undefined> {
    try {
      return await this.ask('GET', 'status', status)
    } catch (error) {
      if (error instanceof RelayError && (error.status >= 400 || error.status === 0)) {
        if (error.status === 0) throw error
        return undefined
      }
      if (error instanceof v.ValiError || error instanceof SyntaxError) return undefined
      throw error
    }
  }

  claim(given: { readonly code: string; readonly name: string; readonly password: string }): Promise<User> {
    return this.ask('POST', 'claim', user, given)
  }

  logIn(given: { readonly name: string; readonly password: string }): Promise<User> {
    return this.ask('POST', 'login', user, given)
  }

  async logOut(): Promise<void> {
    await this.send('POST', 'logout')
    await forgetRelay()
  }

  /** Reads an answer by its schema. Throws RelayError. */
  async ask<Schema extends v.GenericSchema>(
    method: Method,
    path: string,
    schema: Schema,
    body?: object,
  ): Promise<v.InferOutput<Schema>> {
    const response = await this.send(method, path, body)
    return v.parse(schema, await response.json())
  }

  /** Throws RelayError. */
  async send(method: Method, path: string, body?: object): Promise<Response> {
    const response = await fetch(`${this.#base}api/v1/${path}`, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    }).catch(() => {
      throw new RelayError('The relay cannot be reached.', 0)
    })
    if (response.ok) return response
    const read = v.safeParse(refusal, await response.json().catch(() => undefined))
    throw new RelayError(read.success ? read.output.message : `The relay answered ${response.status}.`, response.status)
  }

  /** Brings the copy up to date. */
  async sync(): Promise<SyncAnswer> {
    const { alerts, verdicts } = await syncedTo()
    const answer = await this.ask('GET', `sync?alerts=${alerts}&verdicts=${verdicts}`, syncAnswer)
    await applySync(answer)
    return answer
  }

  /**
   * Sends what waits, the oldest first. What the relay refuses for good stays, with its reason, for a person to decide; what it could not
   * take now waits on. Throws RelayError when it cannot be reached.
   */
  async sendWaiting(): Promise<void> {
    for (const change of await waitingChanges()) {
      try {
        await this.send(change.method, change.path, change.body)
        await dropChange(change.id)
      } catch (error) {
        if (!(error instanceof RelayError) || error.status === 0 || error.status >= 500 || error.status === 401)
          throw error
        if (error.status === 429) throw error
        await refuseChange(change.id, error.message)
      }
    }
  }

  /** Opens the channel of everything that happens. `closed` is called once, however it ends. */
  async listen(hear: (message: ChannelMessage) => void, closed: () => void): Promise<{ close(): void }> {
    const { ticket: given } = await this.ask('POST', 'tickets', ticket)
    const url = new URL(`${this.#base}api/v1/ws/live?ticket=${encodeURIComponent(given)}`, location.href)
    url.protocol = url.protocol.replace('http', 'ws')
    const socket = new WebSocket(url)
    socket.onmessage = ({ data }) => {
      const read = v.safeParse(channelMessage, JSON.parse(String(data)))
      if (read.success) hear(read.output)
    }
    socket.onclose = closed
    return {
      close() {
        socket.onclose = null
        socket.close()
      },
    }
  }
}
