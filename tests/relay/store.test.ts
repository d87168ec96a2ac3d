import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../relay/store/database.ts'
import { StoreError } from '../../relay/store/errors.ts'
import type { Store } from '../../relay/store/store.ts'
import { postgresPrograms, startPostgres } from './postgres.ts'
import { forEachStore } from './stores.ts'

const add = (store: Store, device: string, body = '{}') =>
  store.write(async (trx) => {
    const { id } = await trx
      .insertInto('records')
      .values({ device, at_micros: 1_700_000_000_000_000, source: 'script', body })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  })
const devices = async (store: Store) =>
  (await store.db.selectFrom('records').select('device').orderBy('id').execute()).map(({ device }) => device)

forEachStore((stores) => {
  it('gives back times in µs as numbers', async () => {
    const store = await stores.open()
    await add(store, 'a')
    const row = await store.db.selectFrom('records').selectAll().executeTakeFirstOrThrow()
    expect(row).toEqual({ id: 1, device: 'a', at_micros: 1_700_000_000_000_000, source: 'script', body: '{}' })
  })

  it('commits many writers together and in the order in which they came', async () => {
    const store = await stores.open()
    const names = Array.from({ length: 1200 }, (_, i) => `d${i}`)
    const ids = await Promise.all(names.map((name) => add(store, name)))
    expect(ids).toEqual(names.map((_, i) => i + 1))
    expect(await devices(store)).toEqual(names)
  })

  it('undoes a work that fails, and only that one', async () => {
    const store = await stores.open()
    const failing = store.write(async (trx) => {
      await trx.insertInto('records').values({ device: 'bad', at_micros: 1, source: 's', body: '' }).execute()
      throw new RangeError('no')
    })
    const results = await Promise.allSettled([add(store, 'a'), failing, add(store, 'b')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: { name: 'RangeError' } })
    expect(await devices(store)).toEqual(['a', 'b'])
  })

  it('goes on after a work that broke a rule of the database', async () => {
    const store = await stores.open()
    const user = { role: 'viewer', password: null, failures: 0, locked_until_micros: null, created_micros: 1 }
    const join = (id: string) =>
      store.write(async (trx) => {
        await trx
          .insertInto('users')
          .values({ ...user, id, name: 'ann' })
          .execute()
      })
    const results = await Promise.allSettled([join('1'), join('2'), add(store, 'after')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('takes a write that comes right after the last one was done', async () => {
    const store = await stores.open()
    for (let i = 0; i < 20; i++) await add(store, `d${i}`)
    expect(await devices(store)).toHaveLength(20)
  })

  it('is up to date when it is opened again', async () => {
    const place = await stores.place()
    const first = await openStore(place)
    await add(first, 'kept')
    await first.close()
    const again = await openStore(place)
    expect(await devices(again)).toEqual(['kept'])
    await again.close()
  })

  it('tells news to those who listen, until they stop', async () => {
    const store = await stores.open()
    const heard: string[] = []
    const gotTwo = new Promise<void>((resolve) => {
      const end = store.listen('alerts', (payload) => {
        heard.push(payload)
        if (heard.length < 2) return
        end()
        resolve()
      })
    })
    store.notify('others', 'x')
    store.notify('alerts', '1')
    store.notify('alerts', '2')
    await gotTwo
    store.notify('alerts', '3')
    await setTimeout(50)
    expect(heard).toEqual(['1', '2'])
  })

  it('refuses writes after it was closed', async () => {
    const store = await openStore(await stores.place())
    await store.close()
    await expect(add(store, 'late')).rejects.toThrow(StoreError)
  })
})

describe('on a disk that is full', () => {
  const isRoot = process.getuid?.() === 0
  it.skipIf(!isRoot || process.platform !== 'linux')('says so, and keeps what it had', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'guardian-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory])
    try {
      const store = await openStore(join(directory, 'relay.db'))
      const big = 'x'.repeat(20_000)
      const results = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => add(store, `d${i}`, big)))
      const more = await add(store, 'more', big.repeat(60)).catch((error: unknown) => error)
      expect(more).toBeInstanceOf(StoreError)
      expect((more as StoreError).message).toMatch(/disk is full/)
      const kept = results.flatMap((result, i) => (result.status === 'fulfilled' ? [`d${i}`] : []))
      expect(await devices(store)).toEqual(kept)
      await store.close()
    } finally {
      execFileSync('umount', [directory])
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

const programs = postgresPrograms()
describe.skipIf(!programs)('a PostgreSQL that goes away', () => {
  it('is waited for a while, then said to be away; afterwards all goes on', async () => {
    const server = await startPostgres(programs!)
    try {
      const store = await openStore(await server.database())
      await add(store, 'before')
      const missed = new Promise<void>((resolve) => {
        store.listen('alerts', (payload) => payload === '' && resolve())
      })
      await server.halt()
      await expect(add(store, 'during')).rejects.toThrow(/out of reach/)
      const patient = add(store, 'patient')
      await server.start()
      await patient
      await missed
      await add(store, 'after')
      expect(await devices(store)).toEqual(['before', 'patient', 'after'])
      await store.close()
    } finally {
      await server.end()
    }
  })
})

it('says that a database is out of reach instead of starting without it', async () => {
  await expect(openStore('postgres://nobody@127.0.0.1:1/none')).rejects.toThrow(StoreError)
})
