/** What the relay answers when a rule is tried on the past. */
import * as v from 'valibot'

export const dryRunAnswer = v.object({ text: v.string() })
