/** The page's link to its relay: off until a person asks for it, then kept up, with a copy that stays readable when the relay is away. */
import type { User } from '#core/account/wire.ts'
import type { ChannelMessage, Verdict } from '#core/live/wire.ts'
import { addVerdicts, forgetRelay, type QueuedChange, queueChange } from '#db/relay-copy.ts'
import { RelayClient, RelayError } from '#lib/remote/relay.ts'
import { resolve } from '$app/paths'
import { isRelayWanted, type LinkState, relayState, wantRelay } from './relay-state.svelte.ts'
import { sayProblem } from './undo.ts'

const RETRY_MS = 3000
const LONGEST_RETRY_MS = 15_000
const VERDICTS_EVERY_MS = 250
/** A quiet channel does not show that it is dead. */
const SYNC_EVERY_MS = 60_000

class RelayLink {
  /** Why it is away, in a sentence. */
  problem = $state('')
  readonly client = new RelayClient(resolve('/'))
  #channel: { close(): void } | undefined
  #retryMs = RETRY_MS
  #timer: ReturnType<typeof setTimeout> | undefined
  #steady: ReturnType<typeof setInterval> | undefined
  #fresh: Verdict[] = []
  #flush: ReturnType<typeof setTimeout> | undefined
  #syncing: Promise<void> | undefined
  #syncAgain = false

  get state(): LinkState {
    return relayState.link
  }

  private set state(state: LinkState) {
    relayState.link = state
  }

  /** By whoever shows it: goes on where the person left. */
  begin(): void {
    if (this.state === 'off' && isRelayWanted()) void this.connect()
  }

  async connect(): Promise<void> {
    clearTimeout(this.#timer)
    wantRelay(true)
    if (this.state !== 'away') this.state = 'looking'
    try {
      const status = await this.client.status()
      if (!status) this.state = 'none'
      else if (!status.claimed) this.state = 'unclaimed'
      else await this.#enter()
    } catch (error) {
      this.#lose(error)
    }
  }

  async claim(given: { code: string; name: string; password: string }): Promise<void> {
    await this.client.claim(given)
    await this.#enter()
  }

  async logIn(given: { name: string; password: string }): Promise<User> {
    const user = await this.client.logIn(given)
    await this.#enter()
    return user
  }

  async logOut(): Promise<void> {
    this.#drop()
    wantRelay(false)
    this.state = 'off'
    await this.client.logOut().catch(() => forgetRelay())
  }

  /** Changes something on the relay: at once when it is there, later when it is not. */
  async change(change: Omit<QueuedChange, 'id' | 'at' | 'refused'>): Promise<void> {
    await queueChange(change)
    await this.refresh()
  }

  /** Sends what waits, and brings the copy up to date. */
  refresh(): Promise<void> {
    if (this.#syncing) {
      this.#syncAgain = true
      return this.#syncing
    }
    this.#syncAgain = false
    this.#syncing = this.#exchange().finally(() => {
      this.#syncing = undefined
      if (this.#syncAgain) void this.refresh()
    })
    return this.#syncing
  }

  async #exchange(): Promise<void> {
    if (this.state !== 'connected') return
    try {
      await this.client.sendWaiting()
      await this.client.sync()
    } catch (error) {
      this.#lose(error)
    }
  }

  async #enter(): Promise<void> {
    try {
      await this.client.sendWaiting()
      await this.client.sync()
      this.#channel = await this.client.listen(
        (message) => this.#hear(message),
        () => this.#lose(new RelayError('The connection to the relay ended.', 0)),
      )
    } catch (error) {
      if (error instanceof RelayError && error.status === 401) {
        this.state = 'log-in'
        return
      }
      throw error
    }
    this.state = 'connected'
    this.problem = ''
    this.#retryMs = RETRY_MS
    clearInterval(this.#steady)
    this.#steady = setInterval(() => void this.refresh(), SYNC_EVERY_MS)
  }

  #hear(message: ChannelMessage): void {
    if (message.kind === 'verdict') {
      this.#fresh.push(message.verdict)
      this.#flush ??= setTimeout(() => {
        this.#flush = undefined
        const verdicts = this.#fresh
        this.#fresh = []
        addVerdicts(verdicts).catch((error: unknown) => sayProblem('What the relay said could not be kept', error))
      }, VERDICTS_EVERY_MS)
    } else void this.refresh()
  }

  #lose(error: unknown): void {
    this.#drop()
    if (error instanceof RelayError && error.status === 401) {
      this.state = 'log-in'
      return
    }
    this.state = 'away'
    this.problem = error instanceof Error ? error.message : String(error)
    this.#timer = setTimeout(() => void this.connect(), this.#retryMs)
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
  }

  #drop(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#steady)
    this.#channel?.close()
    this.#channel = undefined
  }
}

export const relayLink = new RelayLink()
