/** Keys that work everywhere, except where a person types. */
import { open, type PageName } from './address.ts'
import { frame } from './frame.svelte.ts'
import { jobs } from './jobs.svelte.ts'
import { pickFiles } from './pick-files.ts'

const AFTER_G: Readonly<Record<string, PageName>> = {
  h: 'home',
  s: 'scan',
  c: 'cases',
  d: 'devices',
  y: 'history',
  m: 'models',
  e: 'settings',
}
const G_MS = 1500

let pressedG = 0

export function pressKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    frame.palette = !frame.palette
    return
  }
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    isTyping(event.target) ||
    document.querySelector('dialog[open]')
  )
    return
  const page = event.timeStamp - pressedG < G_MS ? AFTER_G[event.key] : undefined
  pressedG = event.key === 'g' ? event.timeStamp : 0
  if (page) void open(page)
  else if (event.key === '?') frame.shortcuts = true
  else if (event.key === 'o') void pickFiles().then((files) => jobs.addFiles(files))
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
