/** Files of the site itself, by their paths below its root. */
import { ModelError } from '#core/base/errors.ts'

/** `base`: absolute address of the app's root, ending in `/`. What it gives throws ModelError when the file does not come. */
export function ownFiles(base: string): (path: string) => Promise<Uint8Array<ArrayBuffer>> {
  return async (path) => {
    const response = await fetch(new URL(path, base))
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
    throw new ModelError(
      `The app could not load its own file ${path} (status ${response.status}). Reload the page once with a connection.`,
    )
  }
}
