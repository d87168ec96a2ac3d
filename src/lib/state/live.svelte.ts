/** A watch of the database as a rune: read `.value` in markup; it follows its inputs and ends with the component. */
import { untrack } from 'svelte'
import type { Watch } from '#db/watch.ts'

export class Live<T> {
  /** Undefined until the first answer is in. */
  value = $state.raw<T>()

  /** `choose` is run again when what it reads changes; undefined means nothing to watch. Call while a component is set up. */
  constructor(choose: () => Watch<T> | undefined) {
    $effect(() => {
      const watch = choose()
      if (!watch) {
        this.value = undefined
        return
      }
      return untrack(() => watch.subscribe((value) => (this.value = value)))
    })
  }
}
