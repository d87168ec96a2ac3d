/** Waits for a watch, as a page does. */
import type { Watch } from '#db/watch.ts'

const PATIENCE_MS = 20_000

/** The first value that fits. */
export function until<T>(watch: Watch<T>, fits: (value: T) => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    let stop: (() => void) | undefined
    const timer = setTimeout(() => {
      stop?.()
      reject(new Error('the watch never gave a value that fits'))
    }, PATIENCE_MS)
    stop = watch.subscribe((value) => {
      if (value === undefined || !fits(value)) return
      clearTimeout(timer)
      queueMicrotask(() => stop?.())
      resolve(value)
    })
  })
}
