/** Column names as tables write them, made comparable: case, blanks and punctuation mean nothing. */

export const tidyName = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '')

/** The lists of known names are asked for in every file. */
const tidied = new WeakMap<readonly string[], readonly string[]>()

function tidyNames(names: readonly string[]): readonly string[] {
  const known = tidied.get(names) ?? names.map(tidyName)
  tidied.set(names, known)
  return known
}

export interface ColumnFinder {
  readonly columns: readonly string[]
  /** The column that has the first of these names that occurs; -1 without. */
  first(names: readonly string[]): number
  has(name: string): boolean
  /** Values of a column in the first rows. */
  samples(column: number): string[]
}

/** The second column of one name is found as `name.1`, as pandas calls it. */
export function createFinder(columns: readonly string[], sampleRows: readonly (readonly string[])[]): ColumnFinder {
  const places = new Map<string, number>()
  for (const [at, name] of columns.entries()) {
    const tidy = tidyName(name)
    for (const key of [tidy, `${tidy}1`]) {
      if (places.has(key)) continue
      places.set(key, at)
      break
    }
  }
  const first = (names: readonly string[]) => {
    for (const name of tidyNames(names)) {
      const at = places.get(name)
      if (at !== undefined) return at
    }
    return -1
  }
  return {
    columns,
    first,
    has: (name) => first([name]) >= 0,
    samples: (at) => sampleRows.map((row) => row[at] ?? '').filter((text) => text !== ''),
  }
}
