/** Runs a suite on each store that this machine has: SQLite always, PostgreSQL where Debian's is installed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { openStore } from '../../relay/store/database.ts'
import type { Store } from '../../relay/store/store.ts'
import { postgresPrograms, startPostgres, type TestPostgres } from './postgres.ts'

export interface StoreUnderTest {
  /** A new, empty store; closed after the test. */
  open(): Promise<Store>
  /** Where a new, empty one will be, for what opens it by itself or more than once. */
  place(): Promise<string>
}

export function forEachStore(suite: (stores: StoreUnderTest, kind: Store['kind']) => void): void {
  describe('on SQLite', () => {
    const directories: string[] = []
    afterEach(() => {
      for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
    })
    const place = async () => {
      const directory = mkdtempSync(join(tmpdir(), 'guardian-store-'))
      directories.push(directory)
      return join(directory, 'relay.db')
    }
    suite(withOpen(place), 'sqlite')
  })

  const programs = postgresPrograms()
  describe.skipIf(!programs)('on PostgreSQL', () => {
    let server: TestPostgres | undefined
    beforeAll(async () => {
      server = await startPostgres(programs!)
    })
    afterAll(() => server?.end())
    suite(
      withOpen(() => server!.database()),
      'postgres',
    )
  })
}

function withOpen(place: () => Promise<string>): StoreUnderTest {
  const opened: Store[] = []
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())))
  return {
    place,
    async open() {
      const store = await openStore(await place())
      opened.push(store)
      return store
    },
  }
}
