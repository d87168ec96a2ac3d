/** The clock of a scan: the demo tells of its night by its own, all else by the reader's. */
export function zoneOf(scan: { readonly demo: boolean } | null | undefined): string | undefined {
  return scan?.demo ? 'UTC' : undefined
}

/** For lists that mix scans: a case's key begins with its scan's id. */
export function caseZone(
  scans: readonly { readonly id: string; readonly demo: boolean }[],
): (key: string) => string | undefined {
  const demos = new Set(scans.filter(({ demo }) => demo).map(({ id }) => id))
  return (key) => (demos.has(key.slice(0, key.indexOf('/'))) ? 'UTC' : undefined)
}
