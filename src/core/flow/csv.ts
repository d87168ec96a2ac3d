/** Flows as CSV: the five-tuple and start, then the 78 features by name. */
import type { FlowBatch } from './batch.ts'
import { FEATURE_COUNT, FEATURE_NAMES } from './features.ts'

const TUPLE = ['Src IP', 'Src Port', 'Dst IP', 'Dst Port', 'Protocol', 'Timestamp']

/** The header line, with its line end. */
export function flowCsvHeader(): string {
  return `${[...TUPLE, ...FEATURE_NAMES].join(',')}\n`
}

/** One line per flow. Timestamp is µs since 1970; nothing needs quotes: all is digits, dots, colons and letters of addresses. */
export function flowCsvRows(batch: FlowBatch): string {
  let text = ''
  for (let index = 0; index < batch.length; index++) {
    text += `${batch.addresses[batch.origAddress[index]!] ?? ''},${batch.origPort[index]},`
    text += `${batch.addresses[batch.respAddress[index]!] ?? ''},${batch.respPort[index]},`
    text += `${batch.protocol[index]},${batch.startMicros[index]}`
    for (let feature = 0; feature < FEATURE_COUNT; feature++) {
      text += `,${batch.features?.[index * FEATURE_COUNT + feature] ?? ''}`
    }
    text += '\n'
  }
  return text
}
