/** Who takes files that are dropped or pasted: a page that asks for some, otherwise the scanner. */
import { jobs } from './jobs.svelte.ts'

type Take = (files: readonly File[]) => void

let taker: Take | undefined

export function takeFiles(files: readonly File[]): void {
  if (taker) taker(files)
  else jobs.addFiles(files)
}

/** Call in an effect: the page takes files as long as it is shown. */
export function askForFiles(take: Take): () => void {
  taker = take
  return () => {
    if (taker === take) taker = undefined
  }
}
