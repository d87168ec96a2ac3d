/**
 * Where each number of a live flow is kept: one row of 512 bytes per flow, no object. The row's first 48 words are integers, the rest
 * doubles; both are views of the same buffer. Both directions have blocks of the same shape, so that one code serves both, and what
 * a packet touches is close together: the time goes into fetching rows from memory, in lines of 16 words or 8 doubles.
 */

/** Offsets in a direction's block of doubles. */
export const DIRECTION_DOUBLES = {
  last: 0,
  sum: 1,
  squares: 2,
  gapSquares: 3,
  gapMax: 4,
  gapMin: 5,
  /** Of the run of packets that may become a bulk; 0: none. */
  runStart: 6,
  runBytes: 7,
  first: 16,
  bulkBytes: 17,
  bulkMicros: 18,
  /** Payload of protocols other than TCP and UDP, which the 78 features leave out. */
  otherBytes: 19,
} as const

/** Offsets in a flow's row of doubles; times in µs. */
export const DOUBLES = {
  start: 24,
  last: 25,
  gapSquares: 26,
  gapMax: 27,
  gapMin: 28,
  activeStart: 29,
  /** When data last came forward, and, in the next one, backward: each ends the other direction's run. */
  runLast: 30,
  forward: 32,
  backward: 40,
  activeSum: 52,
  activeSquares: 53,
  activeMax: 54,
  activeMin: 55,
  idleSum: 60,
  idleSquares: 61,
  idleMax: 62,
  idleMin: 63,
  width: 64,
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
  longGaps: 14,
  ack: 15,
  forward: 16,
  windowForward: 26,
  dataForward: 27,
  headerMinForward: 28,
  syn: 29,
  rst: 30,
  icmp: 31,
  backward: 32,
  windowBackward: 42,
  ece: 43,
  cwr: 44,
  actives: 45,
  idles: 46,
  width: 128,
} as const

/** The life of a TCP connection as the corrected CICFlowMeter sees it (cic78 §3, variant E). */
export const STATE = { open: 0, firstFin: 1, bothFins: 2, ended: 3 } as const
