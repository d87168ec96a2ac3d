import { expect, it } from 'vitest'
import { RECORD } from '../../relay/mqtt/fixture.ts'
import { createRecordLog } from '../../relay/store/record-log.ts'
import { forEachStore } from './stores.ts'

forEachStore(({ open }) => {
  it('keeps the order of appends, one device with another, in few transactions', async () => {
    const store = await open()
    let transactions = 0
    const log = createRecordLog(store, async () => {
      transactions++
    })
    const all = Array.from({ length: 3000 }, (_, at) =>
      log.append(
        `device-${at % 7}`,
        [{ ...RECORD, orig_bytes: 10_000 + at }, ...(at % 5 === 0 ? [RECORD] : [])],
        'mqtt',
        at,
      ),
    )
    await Promise.all(all)
    const rows = await store.db.selectFrom('records').orderBy('id').selectAll().execute()
    expect(rows).toHaveLength(3600)
    expect(transactions).toBeLessThan(10)
    const own = rows.map(({ body }) => JSON.parse(body).orig_bytes).filter((value) => value !== RECORD.orig_bytes)
    expect(own).toEqual(Array.from({ length: 3000 }, (_, at) => 10_000 + at))
    expect(rows.find(({ device }) => device === 'device-6')).toMatchObject({ at_micros: 6, source: 'mqtt' })
  })

  it('rejects what was to be committed with what failed, and goes on', async () => {
    const store = await open()
    let fail = true
    const log = createRecordLog(store, async () => {
      if (fail) throw new Error('disk full')
    })
    const lost = await Promise.allSettled([
      log.append('cam', [RECORD], 'mqtt', 1),
      log.append('plug', [RECORD], 'mqtt', 1),
    ])
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    fail = false
    await log.append('cam', [{ ...RECORD, ts: 12.5 }], 'broker', 1)
    const rows = await store.db.selectFrom('records').selectAll().execute()
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ device: 'cam', at_micros: 12_500_000, source: 'broker' })
  })
})
