/** Files of this repository, wherever the command is called from. */
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../', import.meta.url)

export function rootFile(path: string): string {
  return fileURLToPath(new URL(path, ROOT))
}
