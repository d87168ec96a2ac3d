/** Packets as they pass: tcpdump here, or on another machine over SSH, as a stream of pcap. No shell of ours sees an argument. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import * as v from 'valibot'
import { InputError } from '#core/base/errors.ts'
import type { ByteSource } from '#core/base/source.ts'

/** A name that begins with a letter or digit cannot be taken for an option. */
const word = (what: string) =>
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, `${what} is 1 to 64 letters, digits or _ . -`))

export const captureRequest = v.strictObject({
  interface: word('An interface'),
  /** Over SSH, with the keys and known hosts of the relay's account; here when left out. */
  remote: v.optional(v.strictObject({ user: word('A user'), host: word('A host') })),
})
export type CaptureRequest = v.InferOutput<typeof captureRequest>

const SAID_BYTES = 2000
const STOP_MS = 2000

export class Capture {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<unknown>
  #said = ''

  /** `-U`: each packet at once; `-n`: no names are asked for. Its own SSH traffic is left out, since it would feed itself. */
  constructor({ interface: name, remote }: CaptureRequest) {
    const dump = ['tcpdump', '-i', name, '-U', '-n', '-w', '-']
    const ssh = [
      'ssh',
      '-o',
      'BatchMode=yes',
      '-o',
      'ConnectTimeout=10',
      '-l',
      remote?.user ?? '',
      '--',
      remote?.host ?? '',
    ]
    const [command = '', ...args] = remote ? [...ssh, ...dump, 'not', 'port', '22'] : dump
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stderr.on('data', (text) => {
      this.#said = (this.#said + String(text)).slice(-SAID_BYTES)
    })
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', resolve)
      this.#child.once('error', (error) => {
        this.#said += error.message
        resolve(undefined)
      })
    })
  }

  /** pcap, until `stop` or until tcpdump ends; throws InputError with its words when it ended without a byte. */
  get source(): ByteSource {
    const { stdout } = this.#child
    const ended = this.#ended
    const said = () => this.#said.trim()
    return {
      name: 'capture',
      sizeBytes: undefined,
      async *chunks() {
        let bytes = 0
        for await (const chunk of stdout) {
          bytes += (chunk as Buffer).length
          yield chunk as Buffer
        }
        await ended
        if (bytes === 0) throw new InputError(`Nothing can be captured: ${said() || 'tcpdump ended'}`)
      },
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.pid === undefined) return
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS).unref()
    await this.#ended
    clearTimeout(late)
  }

  /** Resolves when tcpdump listens. */
  async listening(): Promise<void> {
    while (!/listening on/.test(this.#said)) {
      const [which] = await Promise.race([
        once(this.#child.stderr, 'data').then(() => ['more']),
        this.#ended.then(() => ['ended']),
      ])
      if (which === 'ended') throw new InputError(`Nothing can be captured: ${this.#said.trim() || 'tcpdump ended'}`)
    }
  }
}
