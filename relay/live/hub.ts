/** Tells pages what happens, over WebSockets. Who reads slowly gets a summary of what was left out; nobody makes others wait. */
import type { WebSocket } from 'ws'
import type { ChannelMessage, Verdict } from '#core/live/wire.ts'

/** Bytes that may wait for a reader before messages are left out, and under which they are told again. */
const MOST_WAITING_BYTES = 512 << 10
const CAUGHT_UP_BYTES = 64 << 10
const MOST_SOCKETS = 1000

export interface Interest {
  /** Undefined: all. */
  readonly device?: string
  readonly kinds: ReadonlySet<ChannelMessage['kind']>
}

interface Reader {
  readonly socket: WebSocket
  readonly interest: Interest
  dropped: number
  sinceMicros: number
  highest: Verdict | undefined
}

export class Hub {
  readonly #readers = new Map<WebSocket, Reader>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#readers.size
  }

  /** False when there are too many. */
  add(socket: WebSocket, interest: Interest): boolean {
    if (this.#readers.size >= MOST_SOCKETS) return false
    this.#readers.set(socket, { socket, interest, dropped: 0, sinceMicros: 0, highest: undefined })
    const remove = () => void this.#readers.delete(socket)
    socket.on('close', remove)
    socket.on('error', remove)
    return true
  }

  send(messages: readonly ChannelMessage[]): void {
    if (this.#readers.size === 0) return
    const texts = messages.map((message) => JSON.stringify(message))
    for (const reader of this.#readers.values())
      for (const [i, message] of messages.entries())
        if (isWanted(reader.interest, message)) this.#give(reader, message, texts[i]!)
  }

  close(): void {
    for (const { socket } of this.#readers.values()) socket.close(1001, 'the relay ends')
    this.#readers.clear()
  }

  #give(reader: Reader, message: ChannelMessage, text: string): void {
    const { socket } = reader
    const limit = reader.dropped > 0 ? CAUGHT_UP_BYTES : MOST_WAITING_BYTES
    if (socket.bufferedAmount > limit) {
      if (reader.dropped++ === 0) reader.sinceMicros = this.#now()
      if (message.kind === 'verdict' && message.verdict.score > (reader.highest?.score ?? 0))
        reader.highest = message.verdict
      return
    }
    if (reader.dropped > 0) {
      const { dropped, sinceMicros, highest } = reader
      socket.send(JSON.stringify({ kind: 'behind', dropped, sinceMicros, highest } satisfies ChannelMessage))
      reader.dropped = 0
      reader.highest = undefined
    }
    socket.send(text)
  }
}

function isWanted({ device, kinds }: Interest, message: ChannelMessage): boolean {
  if (!kinds.has(message.kind)) return false
  if (device === undefined) return true
  if (message.kind === 'verdict') return message.verdict.device === device
  return message.kind !== 'device' || message.state.device === device
}
