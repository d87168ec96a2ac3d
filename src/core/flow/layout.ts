/**
 * Where each number of a live flow is kept: one row of doubles and one row of 32-bit integers per flow, no object.
 * Both directions have blocks of the same shape, so that one code serves both.
 */

/** Offsets in a direction's block of doubles. */
export const DIRECTION_DOUBLES = {
  first: 0,
  last: 1,
  sum: 2,
  squares: 3,
  gapSquares: 4,
  gapMax: 5,
  gapMin: 6,
  bulkBytes: 7,
  bulkMicros: 8,
  /** Of the run of packets that may become a bulk; 0: none. */
  runStart: 9,
  runBytes: 10,
  runLast: 11,
  /** Payload of protocols other than TCP and UDP, which the 78 features leave out. */
  otherBytes: 12,
} as const

/** Offsets in a flow's row of doubles; times in µs. */
export const DOUBLES = {
  start: 0,
  last: 1,
  activeStart: 2,
  gapSquares: 3,
  gapMax: 4,
  gapMin: 5,
  activeSum: 6,
  activeSquares: 7,
  activeMax: 8,
  activeMin: 9,
  idleSum: 10,
  idleSquares: 11,
  idleMax: 12,
  idleMin: 13,
  forward: 14,
  backward: 27,
  width: 40,
} as const

/** Offsets in a direction's block of integers. */
export const DIRECTION_INTS = {
  count: 0,
  header: 1,
  max: 2,
  min: 3,
  psh: 4,
  urg: 5,
  fin: 6,
  bulks: 7,
  bulkPackets: 8,
  runPackets: 9,
} as const

/** Offsets in a flow's row of integers; the first ten are the key as in packet.ts, forward side first. */
export const INTS = {
  key: 0,
  hash: 10,
  /** Neighbours in the list of live flows in order of start; `next` also links free rows. */
  previous: 11,
  next: 12,
  state: 13,
  icmp: 14,
  syn: 15,
  rst: 16,
  ack: 17,
  ece: 18,
  cwr: 19,
  longGaps: 20,
  windowForward: 21,
  windowBackward: 22,
  dataForward: 23,
  headerMinForward: 24,
  actives: 25,
  idles: 26,
  forward: 27,
  backward: 37,
  width: 48,
} as const

/** The life of a TCP connection as the corrected CICFlowMeter sees it (cic78 §3, variant E). */
export const STATE = { open: 0, firstFin: 1, bothFins: 2, ended: 3 } as const
