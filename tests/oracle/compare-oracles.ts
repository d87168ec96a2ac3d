/** Prints how far we agree with nDPI, Zeek and tshark, and what differs: `node tests/oracle/compare-oracles.ts`. */
import { compareFrames } from './frames.ts'
import { type Comparison, compareNdpi, compareZeek, hasOracle } from './tuples.ts'

function report(tool: string, { equal, total, differences }: Comparison): void {
  for (const difference of differences) console.log(difference)
  const share = total === 0 ? 'no capture of its results is at hand' : `${((100 * equal) / total).toFixed(2)} %`
  console.log(`${tool}: ${equal} of ${total} equal (${share})\n`)
}

if (hasOracle) {
  report('nDPI, conversations', await compareNdpi())
  report('Zeek, conversations', await compareZeek())
  report('tshark, frames', compareFrames())
} else {
  console.log('The folder ../shared with the other tools’ results is not here.')
}
