/** A capture on its way to becoming flows: bytes -> frames -> packets -> flows, in steps that a page can follow and stop. */
import { InputError } from '../base/errors.ts'
import { type ByteSource, readHead } from '../base/source.ts'
import { Tally } from '../base/tally.ts'
import { PCAPNG_MAGIC } from '../capture/pcapng.ts'
import { CaptureReader } from '../capture/reader.ts'
import { ADDED, FlowAssembler, MAX_LIVE_FLOWS } from '../flow/assemble.ts'
import { type FlowBatch, MAX_BATCH_ROWS } from '../flow/batch.ts'
import { type FeaturePrecision, FlowColumns } from '../flow/columns.ts'
import type { FlowInput, InputStats, InputStep } from '../flow/input.ts'
import { decodeFrame } from '../packet/decode.ts'
import { Observer } from '../packet/observe.ts'
import { Packet } from '../packet/packet.ts'

/** A step is given out at least this often. */
const STEP_BYTES = 4 << 20
/** Longer chunks are taken in pieces, so that few batches are ready at a time. */
const PIECE_BYTES = 1 << 20

export interface CaptureOptions {
  /** False when nobody asks who is who: packets are then not searched for names, and steps have no sightings. */
  readonly sightings?: boolean | undefined
  /** Of the 78 features, by default single; double where they are written out as numbers. */
  readonly precision?: FeaturePrecision | undefined
}

/** @throws InputError when the source is empty; `steps` throws it when nothing in the capture can be used. */
export async function openCapture(source: ByteSource, options: CaptureOptions = {}): Promise<FlowInput> {
  const head = await readHead(source, 4)
  if (head.length === 0) throw new InputError('This file is empty; expected a pcap or pcapng capture.')
  const magic = head.length < 4 ? 0 : new DataView(head.buffer, head.byteOffset).getUint32(0, true)
  const stats: InputStats = {
    bytesRead: 0,
    packets: 0,
    rows: 0,
    skipped: new Tally(),
    remarks: [],
    readMs: 0,
    featuresMs: 0,
  }
  return {
    kind: magic === PCAPNG_MAGIC ? 'pcapng' : 'pcap',
    stats,
    steps: (signal) => readSteps(source, new CapturePipeline(stats, options), signal),
  }
}

async function* readSteps(
  source: ByteSource,
  pipeline: CapturePipeline,
  signal: AbortSignal | undefined,
): AsyncGenerator<InputStep> {
  const { stats } = pipeline
  let sinceStep = 0
  let waitingSince = performance.now()
  for await (const chunk of source.chunks(signal)) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      signal?.throwIfAborted()
      const piece = chunk.subarray(at, at + PIECE_BYTES)
      const began = performance.now()
      stats.readMs += began - waitingSince
      pipeline.push(piece)
      stats.bytesRead += piece.length
      sinceStep += piece.length
      waitingSince = performance.now()
      stats.featuresMs += waitingSince - began
      if (sinceStep >= STEP_BYTES || pipeline.hasFullBatch) {
        sinceStep = 0
        yield pipeline.takeStep()
        waitingSince = performance.now()
      }
    }
    if (pipeline.stopped) break
  }
  pipeline.finish()
  let more = true
  while (more) {
    signal?.throwIfAborted()
    const began = performance.now()
    more = pipeline.flush()
    stats.featuresMs += performance.now() - began
    yield pipeline.takeStep()
  }
}

/** The parts in a row, and what they have ready to give. */
class CapturePipeline {
  readonly stats: InputStats
  readonly #reader: CaptureReader
  readonly #assembler: FlowAssembler
  readonly #columns: FlowColumns
  readonly #observer = new Observer()
  readonly #packet: Packet
  #ready: FlowBatch[] = []

  constructor(stats: InputStats, { sightings = true, precision = 'single' }: CaptureOptions) {
    this.stats = stats
    this.#columns = new FlowColumns(precision)
    this.#packet = new Packet(stats.skipped)
    this.#assembler = new FlowAssembler((table, row) => {
      this.#columns.add(table, row)
      stats.rows++
      if (this.#columns.full) this.#ready.push(this.#columns.take(this.#assembler.oldestStartMicros()))
    })
    const packet = this.#packet
    const assembler = this.#assembler
    const observer = sightings ? this.#observer : undefined
    this.#reader = new CaptureReader((bytes, offset, end, micros, wireLength, linkType) => {
      if (packet.bytes !== bytes) packet.bytes = bytes
      packet.at = offset
      packet.end = end
      packet.wireEnd = Math.max(end, offset + wireLength)
      packet.micros = micros
      decodeFrame(packet, linkType)
      if (packet.isFlow) {
        const added = assembler.add(packet)
        if (observer === undefined) return
        if (added !== ADDED.more) observer.noteAddress(packet)
        if (packet.payloadBytes > 0) observer.notePayload(packet)
      } else if (packet.arpAt >= 0) {
        observer?.noteArp(packet)
      }
    })
  }

  get hasFullBatch(): boolean {
    return this.#ready.length > 0
  }

  get stopped(): boolean {
    return this.#reader.stopped
  }

  push(bytes: Uint8Array): void {
    this.#reader.push(bytes)
    this.stats.packets = this.#reader.packets
  }

  /** Says what was odd; the flows that are still live come from `flush`. */
  finish(): void {
    const { stats } = this
    stats.remarks.push(...this.#reader.finish())
    for (const [reason, times] of this.#reader.skipped) stats.skipped.add(reason, times)
    if (stats.packets === 0) {
      throw new InputError(stats.remarks[0] ?? 'This capture holds no packets.')
    }
    const { disordered, cutByLimit } = this.#assembler
    const { weirds, sightings } = this.#observer
    if (disordered > 0) {
      stats.remarks.push(`${disordered} packets came with a time before that of the packet ahead of them.`)
    }
    if (weirds.total > 0) {
      const reasons = Object.entries(weirds.toObject()).map(([reason, times]) => `${reason} ${times}`)
      stats.remarks.push(`${weirds.total} messages were malformed, though their packets count: ${reasons.join(', ')}.`)
    }
    if (sightings.full) {
      stats.remarks.push(
        'So many names and addresses were seen, as invented ones are, that the last of them were left out.',
      )
    }
    if (cutByLimit > 0) {
      stats.remarks.push(
        `${cutByLimit} flows were ended early because more than ${MAX_LIVE_FLOWS} were open at a time, as in a flood.`,
      )
    }
  }

  /** Ends a batch's worth of the live flows; false when none is left. */
  flush(): boolean {
    return this.#assembler.flush(MAX_BATCH_ROWS)
  }

  takeStep(): InputStep {
    const flows = this.#ready
    this.#ready = []
    if (this.#columns.length > 0) flows.push(this.#columns.take(this.#assembler.oldestStartMicros()))
    return { flows, sightings: this.#observer.sightings.take() }
  }
}
