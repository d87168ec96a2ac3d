/** A PostgreSQL of its own for tests: Debian's, started in a temporary directory on a Unix socket, with one database for each test. */
import { execFile, execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)

/** The newest of Debian's; undefined where there is none. */
export function postgresPrograms(): string | undefined {
  const versions = '/usr/lib/postgresql'
  if (!existsSync(versions)) return undefined
  const newest = readdirSync(versions)
    .map(Number)
    .filter(Number.isFinite)
    .sort((a, b) => b - a)[0]
  const programs = `${versions}/${newest}/bin`
  return existsSync(`${programs}/initdb`) ? programs : undefined
}

export interface TestPostgres {
  /** Makes an empty database and gives its URL. */
  database(): Promise<string>
  /** Stops the server at once, as when it dies; `start` brings it back. */
  halt(): Promise<void>
  start(): Promise<void>
  end(): Promise<void>
}

let made = 0

export async function startPostgres(programs: string): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-postgres-'))
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? ids('postgres') : undefined
  if (user) chownSync(directory, user.uid, user.gid)
  const data = join(directory, 'data')
  const as = { ...user, cwd: directory, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' } }
  await run(`${programs}/initdb`, ['-D', data, '-U', 'guardian', '-A', 'trust', '-E', 'UTF8', '--no-sync'], as)
  const options = `-k ${directory} -c listen_addresses= -c max_connections=60`
  const start = () =>
    run(`${programs}/pg_ctl`, ['-D', data, '-w', '-l', join(directory, 'log'), '-o', options, 'start'], as)
  const stop = (mode: string) => run(`${programs}/pg_ctl`, ['-D', data, '-w', '-m', mode, 'stop'], as)
  const urlOf = (name: string) => `postgres://guardian@localhost/${name}?host=${encodeURIComponent(directory)}`
  await start()
  return {
    async database() {
      const name = `test_${++made}`
      const client = new pg.Client({ connectionString: urlOf('postgres') })
      await client.connect()
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      return urlOf(name)
    },
    halt: async () => void (await stop('immediate')),
    start: async () => void (await start()),
    async end() {
      await stop('immediate').catch(() => {})
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function ids(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
