/** Leaves out what is undefined, as records have it that cross a boundary: absent rather than there without a value. */
export function withoutUndefined<T extends object>(given: { [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T
}
