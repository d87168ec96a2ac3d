/** Payloads of `guardian/<device>/flow`: one record or an array, by the schema of core/live/wire.ts. */
import * as v from 'valibot'
import { type FlowRecord, flowRecord, MAX_RECORDS, MAX_RECORDS_BYTES } from '#core/live/wire.ts'

const list = v.pipe(v.array(flowRecord), v.minLength(1), v.maxLength(MAX_RECORDS))

const decoder = new TextDecoder('utf-8', { fatal: true })

export type FlowMessage = { readonly records: FlowRecord[] } | { readonly fault: string }

/** `fault` is a sentence about where and what was expected; it holds nothing of the payload but names of its fields. */
export function readFlowMessage(payload: Uint8Array): FlowMessage {
  if (payload.length > MAX_RECORDS_BYTES)
    return { fault: `A message has at most ${MAX_RECORDS_BYTES} bytes, this one ${payload.length}` }
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(payload))
  } catch {
    return { fault: 'The payload is UTF-8 JSON: one flow record or an array of them' }
  }
  if (Array.isArray(value)) {
    const read = v.safeParse(list, value, { abortEarly: true })
    return read.success ? { records: read.output } : { fault: sentenceOf(read.issues[0]) }
  }
  const read = v.safeParse(flowRecord, value, { abortEarly: true })
  return read.success ? { records: [read.output] } : { fault: sentenceOf(read.issues[0]) }
}

function sentenceOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)
  const expected = issue.expected ?? 'another value'
  // The names of unknown fields come from outside: short, and without controls.
  const where = path === null ? 'The payload' : `Field ${path.slice(0, 60).replace(/\p{Cc}/gu, '?')}`
  return `${where}: expected ${expected}`
}
