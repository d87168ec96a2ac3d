/** What the palette can find. */
export interface Command {
  readonly id: string
  readonly label: string
  /** Shown beside it: Page, Case, Device … */
  readonly group: string
  readonly run: () => void
}

const MAX_FOUND = 30

/** All words typed must occur; matches at the start of a word come first, otherwise the order stays. */
export function findCommands(commands: readonly Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return commands.slice(0, MAX_FOUND)
  const scored = commands.flatMap((command) => {
    const label = `${command.label} ${command.group}`.toLowerCase()
    if (!words.every((word) => label.includes(word))) return []
    const starts = words.filter((word) => label.startsWith(word) || label.includes(` ${word}`)).length
    return [{ command, starts }]
  })
  return scored
    .sort((a, b) => b.starts - a.starts)
    .slice(0, MAX_FOUND)
    .map(({ command }) => command)
}
