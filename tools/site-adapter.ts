/**
 * The static adapter, then what the site needs besides: the folders of site-folders.ts, 404.html, and the list of all its files inside the service
 * worker (SvelteKit's own list leaves out workers and what they load).
 */
import { createHash } from 'node:crypto'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import adapter from '@sveltejs/adapter-static'
import type { Adapter } from '@sveltejs/kit'
import { notFoundPage } from './not-found-page.ts'
import { SITE_FOLDERS } from './site-folders.ts'

const OUT = 'build'
const SERVICE_WORKER = 'service-worker.js'
/** The texts in src/service-worker.ts that become lists, in whichever quotes the minifier chose. */
const LIST_MARKS = { kept: /(["'`])__SITE_FILES__\1/, onDemand: /(["'`])__FILES_ON_DEMAND__\1/ }
const NOT_FOUND = '404.html'
const VERSION = '_app/version.json'
/** Not kept for offline use: the worker itself, SvelteKit's note of the build's version, and what only hosts send. */
const NOT_KEPT = new Set([SERVICE_WORKER, VERSION, NOT_FOUND])
const IMMUTABLE = '_app/immutable/'
/**
 * Kept when they were needed once, not before: the general libraries, some 45 MB. Workers import nothing else while they run (a test in
 * tools/ holds them to it).
 */
const ON_DEMAND = /^_app\/immutable\/workers\/(?:chunks\/|assets\/ort-wasm)/

export interface SiteFile {
  /** Relative to the site's root. */
  readonly url: string
  /** Changes with the content; null when the name itself does. */
  readonly revision: string | null
}

export function siteAdapter(): Adapter {
  const inner = adapter({ pages: OUT, assets: OUT, strict: true })
  return {
    name: 'site',
    async adapt(builder) {
      await inner.adapt(builder)
      for (const folder of SITE_FOLDERS) await cp(folder, join(OUT, folder), { recursive: true, force: true })
      // SvelteKit's development manifest; nobody asks for it.
      await rm(join(OUT, '.vite'), { recursive: true, force: true })
      await writeNotFound()
      await fillServiceWorker()
    },
  }
}

async function writeNotFound(): Promise<void> {
  const { version }: { version: string } = JSON.parse(await readFile(join(OUT, VERSION), 'utf8'))
  await writeFile(join(OUT, NOT_FOUND), notFoundPage(await readFile(join(OUT, 'index.html'), 'utf8'), version))
}

async function fillServiceWorker(): Promise<void> {
  const path = join(OUT, SERVICE_WORKER)
  let code = await readFile(path, 'utf8')
  const files = await listFiles()
  const lists = {
    kept: files.filter(({ url }) => !ON_DEMAND.test(url)),
    onDemand: await groupsOf(files.map(({ url }) => url).filter((url) => ON_DEMAND.test(url))),
  }
  for (const name of ['kept', 'onDemand'] as const) {
    const mark = LIST_MARKS[name]
    if (!mark.test(code)) throw new Error(`${path} has no ${mark.source} to fill`)
    code = code.replace(mark, () => JSON.stringify(JSON.stringify(lists[name])))
  }
  await writeFile(path, code)
}

/** Each worker has its own copy of onnxruntime's script: a model that one could open must open in the others without network. */
async function groupsOf(urls: readonly string[]): Promise<string[][]> {
  const isTogether = async (url: string) =>
    url.endsWith('.js')
      ? (await readFile(join(OUT, url), 'utf8')).includes('InferenceSession')
      : !url.includes('.asyncify')
  const together: string[] = []
  const alone: string[][] = []
  for (const url of urls) {
    if (await isTogether(url)) together.push(url)
    else alone.push([url])
  }
  return [together, ...alone]
}

async function listFiles(): Promise<SiteFile[]> {
  const entries = await readdir(OUT, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files = await Promise.all(
    paths.sort().map(async (path): Promise<SiteFile> => {
      const url = relative(OUT, path).replaceAll('\\', '/')
      if (url.startsWith(IMMUTABLE)) return { url, revision: null }
      const hash = createHash('sha256').update(await readFile(path))
      return { url, revision: hash.digest('hex').slice(0, 16) }
    }),
  )
  return files.filter(({ url }) => !NOT_KEPT.has(url))
}
