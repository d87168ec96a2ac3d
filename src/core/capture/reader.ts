/** Feeds a capture of either format to a sink, from chunks of any size, with one buffer for the record that straddles two of them. */
import { InputError } from '../base/errors.ts'
import type { FrameSink, RecordParser } from './frame-sink.ts'
import { isPcapMagic, PcapParser } from './pcap.ts'
import { PCAPNG_MAGIC, PcapngParser } from './pcapng.ts'

/** Captures by other tools, refused by name. */
const OTHER_FORMATS: Readonly<Record<number, string>> = {
  469762476: 'an IXIA lcap capture',
  469762475: 'an IXIA lcap capture',
  1869573747: 'a Solaris snoop capture',
  1430408519: 'a Microsoft Network Monitor capture',
  1381258067: 'a Network Monitor 1 capture',
  2715994898: 'a Navtel pcap variant',
}

export class CaptureReader {
  readonly #sink: FrameSink
  #parser: RecordParser | undefined
  #carry = new Uint8Array(0)
  #carried = 0
  #stopped = false
  /** Bytes of whole records read so far: where the reading stands. */
  offset = 0
  #received = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  get kind(): 'pcap' | 'pcapng' | undefined {
    if (this.#parser === undefined) return undefined
    return this.#parser instanceof PcapParser ? 'pcap' : 'pcapng'
  }

  get packets(): number {
    return this.#parser?.packets ?? 0
  }

  get skipped(): ReadonlyMap<string, number> {
    return this.#parser?.skipped ?? new Map()
  }

  /** Set once a record cannot be right: the rest of the file is of no use. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** @throws InputError when the bytes are no capture, or its link type is not read. */
  push(chunk: Uint8Array): void {
    this.#received += chunk.length
    let at = 0
    while (!this.#stopped && this.#carried > 0) {
      const take = Math.min(Math.max(0, this.#need() - this.#carried), chunk.length - at)
      this.#append(chunk, at, at + take)
      at += take
      if (this.#carried >= this.#need()) this.#consumeCarry()
      else if (at === chunk.length) return
    }
    if (this.#stopped) return
    at = this.#consume(chunk, at)
    if (!this.#stopped && at < chunk.length) this.#append(chunk, at, chunk.length)
  }

  /** Call at the end of the file; the answer says, for a person, what was odd about it and where it broke off. */
  finish(): string[] {
    if (this.#received === 0) throw new InputError('This file is empty; expected a pcap or pcapng capture.')
    const parser = this.#parser
    if (parser === undefined) {
      throw new InputError(`This file has only ${this.#received} bytes; expected a pcap or pcapng capture.`)
    }
    const remarks = [...parser.remarks]
    const place = `at byte ${this.offset}, after ${parser.packets} packets`
    if (parser.broken !== undefined) {
      remarks.push(`The capture is damaged ${place}: ${parser.broken}. What came before was used.`)
    } else if (this.#carried > 0 || parser.skipBytes > 0) {
      remarks.push(`The capture breaks off ${place}. All whole packets before were used.`)
    }
    return remarks
  }

  #need(): number {
    return this.#parser?.need(this.#carry, 0, this.#carried) ?? 12
  }

  #consumeCarry(): void {
    const used = this.#consume(this.#carry.subarray(0, this.#carried), 0)
    this.#carry.copyWithin(0, used, this.#carried)
    this.#carried -= used
  }

  /** Where it stopped in `bytes`. */
  #consume(bytes: Uint8Array, from: number): number {
    let at = from
    if (this.#parser === undefined) {
      if (bytes.length - at < 12) return at
      this.#parser = chooseParser(bytes, at, this.#sink)
    }
    const parser = this.#parser
    const skip = Math.min(parser.skipBytes, bytes.length - at)
    parser.skipBytes -= skip
    at += skip
    if (parser.skipBytes === 0) at = parser.parse(bytes, at, bytes.length)
    this.#stopped = parser.broken !== undefined
    this.offset += at - from
    return at
  }

  #append(chunk: Uint8Array, from: number, to: number): void {
    const length = this.#carried + to - from
    if (length > this.#carry.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#carry.length, 4096))
      larger.set(this.#carry.subarray(0, this.#carried))
      this.#carry = larger
    }
    this.#carry.set(chunk.subarray(from, to), this.#carried)
    this.#carried = length
  }
}

function chooseParser(bytes: Uint8Array, at: number, sink: FrameSink): RecordParser {
  const magic = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  if (isPcapMagic(magic)) return new PcapParser(magic, sink)
  if (magic === PCAPNG_MAGIC) return new PcapngParser(sink)
  const other = OTHER_FORMATS[magic]
  if (other !== undefined)
    throw new InputError(`This is ${other}; expected pcap or pcapng, to which Wireshark can convert it.`)
  throw new InputError(
    `This is no capture: it begins with 0x${magic.toString(16).padStart(8, '0')}, neither pcap nor pcapng.`,
  )
}
