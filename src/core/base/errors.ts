/** Refused input: the text is a sentence for the person who gave it, saying what was expected and what came. */
export class InputError extends Error {
  override name = 'InputError' as const
}

/** A model that must not be used: missing, changed, or made for other input. */
export class ModelError extends Error {
  override name = 'ModelError' as const
}

/** For the end of a switch over a union. */
export function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`)
}
