/** A capture without end, as its bytes come in: flows are given out as soon as they have ended. */
import { InputError } from '../base/errors.ts'
import { Tally } from '../base/tally.ts'
import { CaptureReader } from '../capture/reader.ts'
import { FlowAssembler } from '../flow/assemble.ts'
import { type FlowBatch, MAX_BATCH_ROWS } from '../flow/batch.ts'
import { FlowColumns } from '../flow/columns.ts'
import { decodeFrame } from '../packet/decode.ts'
import { Packet } from '../packet/packet.ts'

export class CaptureStream {
  readonly skipped = new Tally()
  readonly #columns = new FlowColumns('single')
  readonly #assembler: FlowAssembler
  readonly #reader: CaptureReader
  #ready: FlowBatch[] = []

  constructor() {
    const packet = new Packet(this.skipped)
    this.#assembler = new FlowAssembler((table, row) => {
      this.#columns.add(table, row)
      if (this.#columns.full) this.#ready.push(this.#columns.take(this.#assembler.oldestStartMicros()))
    })
    this.#reader = new CaptureReader((bytes, offset, end, micros, wireLength, linkType) => {
      if (packet.bytes !== bytes) packet.bytes = bytes
      packet.at = offset
      packet.end = end
      packet.wireEnd = Math.max(end, offset + wireLength)
      packet.micros = micros
      decodeFrame(packet, linkType)
      if (packet.isFlow) this.#assembler.add(packet)
    })
  }

  get packets(): number {
    return this.#reader.packets
  }

  /** Flows that ended since the last call. Throws InputError when this is no capture. */
  push(bytes: Uint8Array): FlowBatch[] {
    this.#reader.push(bytes)
    if (this.#reader.stopped) throw new InputError(this.#reader.finish()[0] ?? 'This stream is no pcap or pcapng.')
    return this.#take()
  }

  /** Ends the flows that are still live: the line is quiet, or the capture is over. */
  flush(): FlowBatch[] {
    while (this.#assembler.flush(MAX_BATCH_ROWS))
      this.#ready.push(this.#columns.take(this.#assembler.oldestStartMicros()))
    return this.#take()
  }

  #take(): FlowBatch[] {
    const ready = this.#ready
    this.#ready = []
    if (this.#columns.length > 0) ready.push(this.#columns.take(this.#assembler.oldestStartMicros()))
    return ready
  }
}
