/** What an explanation comes to, in a sentence for people; made from the same numbers as the explanation. */
import type { Contribution, Explanation } from '../detect/detector.ts'
import type { Counterfactual } from './counterfactual.ts'
import { wordsFor } from './words.ts'

/** More are not read. */
const MOST_NAMED = 3
/** Of all that raises the score; what did less is not named. */
const LEAST_SHARE = 0.1

/**
 * `Its number of packets sent was 5 000 (usually 4), and its duration 2 s (usually 40 ms): together 83 % of what made it stand out.`
 * `flows` that were judged together are told by their means.
 */
export function sentenceOf(explanation: Explanation, flows = 1): string {
  const raising = explanation.contributions.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share)
  const raised = raising.reduce((sum, { share }) => sum + share, 0)
  const these = flows > 1 ? `these ${flows} flows` : 'this flow'
  if (raised === 0) return `Nothing about ${these} is less usual than in ordinary traffic.`
  const named = firstOfEachName(raising.filter(({ share }) => share >= LEAST_SHARE * raised)).slice(0, MOST_NAMED)
  if (named.length === 0) return `No single number stands out: ${raising.length} of them are each a little unusual.`
  const [its, on] = flows > 1 ? ['their', 'On average '] : ['its', '']
  const parts = named.map((one) => actualAgainstTypical(one, its))
  const percent = Math.round((100 * named.reduce((sum, { share }) => sum + share, 0)) / raised)
  const said = capital(`${on}${listed(parts)}`)
  return `${said}: ${named.length > 1 ? 'together ' : ''}${percent} % of what made ${flows > 1 ? 'them' : 'it'} stand out.`
}

/** `This flow would have passed as normal with its number of packets sent at 12 instead of 5 000.`; undefined stands for a row that is unusual in some other way than by its numbers. */
export function counterfactualSentence(found: Counterfactual | undefined, flows = 1): string {
  const these = flows > 1 ? `these ${flows} flows` : 'this flow'
  const [its, on] = flows > 1 ? ['their', ', on average'] : ['its', '']
  if (!found) return `No change of these numbers to their usual values would have let ${these} pass as normal.`
  if (found.changes.length === 0) return `${capital(these)} ${flows > 1 ? 'pass as they are' : 'passes as it is'}.`
  const shown = found.changes.slice(0, MOST_NAMED).map(({ feature, from, to }, i) => {
    const { name, write } = wordsFor(feature)
    return `${i === 0 ? `${its} ` : ''}${name} at ${value(write, to)} instead of ${value(write, from)}`
  })
  const more = found.changes.length - shown.length
  if (more > 0) shown.push(`${more} more ${more > 1 ? 'numbers' : 'number'} nearer to the usual`)
  return `${capital(these)} would have passed as normal with ${listed(shown)}${on}.`
}

function actualAgainstTypical({ feature, value: actual, typical }: Contribution, its: string): string {
  const { name, write } = wordsFor(feature)
  const [said, usual] = [value(write, actual), value(write, typical)]
  const against = said === usual ? 'usual by itself, but not with the rest' : `usually ${usual}`
  return `${its} ${name} was ${said} (${against})`
}

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
const value = (write: (number: number) => string, number: number) =>
  Number.isNaN(number) ? 'not known' : write(number)

/** Some of the 78 are the same number under two names. */
function firstOfEachName(contributions: readonly Contribution[]): Contribution[] {
  const seen = new Set<string>()
  return contributions.filter(({ feature }) => {
    const { name } = wordsFor(feature)
    return !seen.has(name) && seen.add(name)
  })
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
