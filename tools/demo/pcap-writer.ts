/** Classic pcap (microseconds, little-endian, Ethernet) from frames in any order. */

/** One frame as captured: `bytes` may be only the beginning of the `wireBytes` that were on the cable. */
export interface Frame {
  readonly micros: number
  readonly bytes: Uint8Array
  readonly wireBytes: number
}

const SNAP_BYTES = 262_144
const ETHERNET = 1

/** The file's bytes, frames in time order; frames of one moment keep the order in which they were made. */
export function writePcap(frames: readonly Frame[]): Uint8Array<ArrayBuffer> {
  const ordered = frames
    .map((frame, index) => ({ frame, index }))
    .sort((a, b) => a.frame.micros - b.frame.micros || a.index - b.index)
  const file = new Uint8Array(frames.reduce((sum, { bytes }) => sum + 16 + bytes.length, 24))
  const view = new DataView(file.buffer)
  view.setUint32(0, 0xa1b2c3d4, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, SNAP_BYTES, true)
  view.setUint32(20, ETHERNET, true)
  let at = 24
  for (const { frame } of ordered) {
    view.setUint32(at, Math.floor(frame.micros / 1e6), true)
    view.setUint32(at + 4, frame.micros % 1e6, true)
    view.setUint32(at + 8, frame.bytes.length, true)
    view.setUint32(at + 12, frame.wireBytes, true)
    file.set(frame.bytes, at + 16)
    at += 16 + frame.bytes.length
  }
  return file
}
