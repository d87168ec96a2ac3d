/** Which files of a build are there for one worker alone: what a person may never ask for is not kept for use without network. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'

/**
 * Files below `folder` (relative to it) that the worker called `entry` loads, itself included, and nothing else does. The names of built
 * files have a hash in them, so a file loads what it names.
 */
export async function filesOnlyOf(entry: string, folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  const texts = new Map<string, string>()
  for (const path of paths) texts.set(path, path.endsWith('.js') ? await readFile(path, 'utf8') : '')
  const namedBy = new Map(
    paths.map((path) => [path, paths.filter((other) => other !== path && texts.get(path)!.includes(basename(other)))]),
  )
  const isEntry = (path: string) => basename(path).startsWith(`${entry}-`)
  const reach = (from: readonly string[]): Set<string> => {
    const found = new Set(from)
    for (const path of found) for (const other of namedBy.get(path) ?? []) if (!isEntry(other)) found.add(other)
    return found
  }
  const own = reach(paths.filter(isEntry))
  const shared = reach(paths.filter((path) => !own.has(path)))
  return new Set(
    [...own].filter((path) => !shared.has(path)).map((path) => relative(folder, path).replaceAll('\\', '/')),
  )
}
