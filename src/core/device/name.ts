/** Names that devices give themselves: anybody on the network can write anything there. */

export const MAX_NAME_CHARACTERS = 60

/**
 * A name fit for a page, a file and a spreadsheet: no control, direction or invisible characters, no leading formula sign,
 * at most MAX_NAME_CHARACTERS. Undefined when nothing readable is left.
 */
export function cleanName(text: string): string | undefined {
  const plain = text
    .slice(0, 4 * MAX_NAME_CHARACTERS)
    .normalize('NFC')
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .replace(/^[\s=+\-@|%]+/u, '')
    .trimEnd()
  const characters = [...plain]
  if (!characters.some((character) => /[\p{L}\p{N}]/u.test(character))) return undefined
  if (characters.length <= MAX_NAME_CHARACTERS) return plain
  return `${characters.slice(0, MAX_NAME_CHARACTERS - 1).join('')}…`
}

/** `Front Door._ipp._tcp.local` and `front-door.local.` become what a person calls the thing. */
export function instanceName(text: string): string {
  const service = text.indexOf('._')
  const instance = service > 0 ? text.slice(0, service) : text
  return instance.replace(/\.(?:local|lan|home|home\.arpa|fritz\.box)\.?$/iu, '')
}
