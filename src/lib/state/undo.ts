/** Says what was done, with a way back. */
import { toast } from 'svelte-sonner'

const KEEP_MS = 10_000

export function offerUndo(done: string, undo: () => Promise<void>): void {
  toast(done, {
    duration: KEEP_MS,
    action: {
      label: 'Undo',
      onClick: () => {
        undo().then(
          () => toast('Undone.'),
          (error: unknown) => sayProblem('It could not be undone', error),
        )
      },
    },
  })
}

export function say(text: string): void {
  toast(text)
}

export function sayProblem(what: string, error: unknown): void {
  toast.error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { duration: KEEP_MS })
}
