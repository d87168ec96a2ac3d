/** The page's address: what it shows is in the query string, so that back, reload and a bookmark work. */
import { goto } from '$app/navigation'
import { resolve } from '$app/paths'
import { page } from '$app/state'

const PATHS = {
  home: '/',
  scan: '/scan/',
  cases: '/cases/',
  case: '/case/',
  devices: '/devices/',
  live: '/live/',
  history: '/history/',
  models: '/models/',
  settings: '/settings/',
} as const

export type PageName = keyof typeof PATHS
export type Query = Readonly<Record<string, string | number | undefined>>

export function link(name: PageName, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value))
  return search.size > 0 ? `${resolve(PATHS[name])}?${search}` : resolve(PATHS[name])
}

export function param(name: string): string | undefined {
  return page.url.searchParams.get(name) ?? undefined
}

export function numberParam(name: string): number | undefined {
  const value = Number(param(name) ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

/** Changes parts of the query in place; undefined removes one. `keep` makes it a step for the back button. */
export async function setParams(change: Query, keep: 'step' | 'replace' = 'replace'): Promise<void> {
  const search = new URLSearchParams(page.url.searchParams)
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) search.delete(key)
    else search.set(key, String(value))
  }
  const target = search.size > 0 ? `?${search}` : page.url.pathname
  await goto(target, { replaceState: keep === 'replace', keepFocus: true, noScroll: true })
}

export function isAt(name: PageName): boolean {
  const id = page.route.id ?? '/'
  return name === 'home' ? id === '/' : id === PATHS[name].slice(0, -1)
}

export async function open(name: PageName, query: Query = {}, keep: 'step' | 'replace' = 'step'): Promise<void> {
  await goto(link(name, query), { replaceState: keep === 'replace' })
}
