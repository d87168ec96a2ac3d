/**
 * Where frames go, one call per packet and no object: the frame is `bytes[offset, end)`, valid during the call only.
 * `micros` is µs since 1970 (finer clocks are cut down), `wireLength` the length before the capture shortened the packet.
 */
export type FrameSink = (
  bytes: Uint8Array,
  offset: number,
  end: number,
  micros: number,
  wireLength: number,
  linkType: number,
) => void

/** One file format, fed with whole records. */
export interface RecordParser {
  /** How many bytes from the start of a record are needed before `parse` can use it, given the `available` ones at `at`. */
  need(bytes: Uint8Array, at: number, available: number): number
  /** Reads the whole records in `bytes[at, end)`; the answer is where it stopped: at `end`, at a part of a record, or at a broken one. */
  parse(bytes: Uint8Array, at: number, end: number): number
  /** Bytes of an uninteresting record still to come, to be dropped unread. */
  skipBytes: number
  /** Set when a record cannot be right and reading must stop: what is wrong, for a person. */
  readonly broken: string | undefined
  readonly packets: number
  /** Packets left out, by reason: filled as they come. */
  readonly skipped: ReadonlyMap<string, number>
  /** What was odd, for a person. */
  readonly remarks: readonly string[]
}
