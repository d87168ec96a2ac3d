import { describe, expect, it } from 'vitest'
import { digestDay } from '#core/alert/alert.ts'
import { Housekeeping } from '../../relay/housekeeping.ts'
import { KEEP_MICROS, owe } from '../../relay/outbox/outbox.ts'
import { ChannelBook } from '../../relay/outbox/settings.ts'
import { forEachStore } from './stores.ts'

const at = (text: string) => Date.parse(text) * 1000

describe('the day of the last digest', () => {
  it.each([
    ['2026-11-16T07:59:00Z', 'UTC', '2026-11-09'],
    ['2026-11-16T08:00:00Z', 'UTC', '2026-11-16'],
    ['2026-11-16T07:00:00Z', 'Europe/Berlin', '2026-11-16'],
    ['2026-11-22T23:59:00Z', 'UTC', '2026-11-16'],
    ['2026-11-22T23:59:00Z', 'Pacific/Auckland', '2026-11-23'],
    ['2027-01-01T12:00:00Z', 'UTC', '2026-12-28'],
  ])('at %s in %s is %s', (now, zone, day) => expect(digestDay(at(now), zone)).toBe(day))
})

forEachStore((stores) => {
  it('sends one digest a week, by one relay of two, and none for the week in which it begins', async () => {
    const store = await stores.open()
    const clock = { micros: at('2026-11-18T12:00:00Z') }
    const now = () => clock.micros
    const book = new ChannelBook(store, { now, timeZone: 'UTC' })
    await store.write(async (trx) => {
      await book.change(trx, { syslog: { host: '127.0.0.1', port: 514, transport: 'udp' } })
      const telling = { coolDownSeconds: 0, stormAlerts: 10, criticalBreaksQuiet: true, minSeverity: 'low' } as const
      await book.changeTelling(trx, { ...telling, weeklyDigest: true })
    })
    const two = [0, 1].map(() => new Housekeeping({ store, book, now, log: () => {} }))
    const look = () => Promise.all(two.map((one) => one.look()))
    const sent = async () =>
      (await store.db.selectFrom('outbox').select('body').execute()).map(({ body }) => JSON.parse(body))
    await look()
    expect(await sent()).toEqual([])
    const old = { type: 'threshold_breach', severity: 'high', state: 'open', text: '', advice: '[]', case_id: 'c' }
    const more = { changed_micros: 1, changed_by: null, folded: 0, unread: 1, notes: '[]', revision: 1 }
    await store.db
      .insertInto('alerts')
      .values({ ...old, ...more, device: 'cam', title: 'Camera sent much.', opened_micros: at('2026-11-20T01:00:00Z') })
      .execute()
    clock.micros = at('2026-11-23T08:00:30Z')
    await look()
    await look()
    clock.micros = at('2026-11-20T08:00:30Z')
    await look()
    const messages = await sent()
    expect(messages).toHaveLength(1)
    expect(messages[0].text).toBe('1 alert this week, 1 still open.\nNo traffic was judged.\nhigh: Camera sent much.')
  })

  it('forgets messages that are long over, and none that are still owed', async () => {
    const store = await stores.open()
    const now = () => at('2026-11-18T12:00:00Z')
    const book = new ChannelBook(store, { now, timeZone: 'UTC' })
    const message = { title: 'Old', text: '', severity: 'low', advice: [], atMicros: 1 }
    await store.write((trx) => owe(trx, message, { channels: ['mail', 'syslog', 'webhook'], dueMicros: 1 }))
    const done = (channel: string, micros: number) =>
      store.db.updateTable('outbox').set({ done_micros: micros }).where('channel', '=', channel).execute()
    await done('mail', now() - KEEP_MICROS - 1)
    await done('syslog', now() - KEEP_MICROS)
    await new Housekeeping({ store, book, now, log: () => {} }).look()
    const left = await store.db.selectFrom('outbox').select('channel').orderBy('channel').execute()
    expect(left.map(({ channel }) => channel)).toEqual(['syslog', 'webhook'])
  })
})
