// Dexie watches by the global of this name
import 'fake-indexeddb/auto'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Alert } from '#core/alert/wire.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import type { Verdict } from '#core/live/wire.ts'
import type { SyncAnswer } from '#core/sync/wire.ts'
import {
  addVerdicts,
  applySync,
  dropChange,
  forgetRelay,
  insistOnChange,
  MAX_ALERTS,
  queueChange,
  type RelayCopy,
  refuseChange,
  syncedTo,
  useRelayDatabase,
  waitingChanges,
  watchRelay,
  watchVerdicts,
} from './relay-copy.ts'
import type { Watch } from './watch.ts'

beforeEach(() => useRelayDatabase({ indexedDB: new IDBFactory(), IDBKeyRange }))

const device = (id: string): WatchedDevice => ({
  id,
  name: `Device ${id}`,
  type: 'camera',
  address: '',
  protocol: 'mqtt',
  port: 1883,
  source: 'live',
  notes: '',
  status: 'online',
  monitored: true,
  createdMicros: 1,
  revision: 3,
})

const alert = (id: number, changedMicros = id): Alert => ({
  id,
  device: 'cam',
  deviceName: 'Camera',
  type: 'threshold_breach',
  severity: 'high',
  state: 'open',
  title: `Alert ${id}`,
  text: '',
  advice: [],
  case: '',
  openedMicros: changedMicros,
  changedMicros,
  folded: 0,
  unread: true,
  notes: [],
  revision: 1,
})

const verdict = (id: number, of = 'cam'): Verdict => ({
  id,
  device: of,
  startMicros: id,
  endMicros: id,
  atMicros: id,
  score: 1,
  threshold: 2,
  label: 'usual',
  severity: 'low',
  reasons: [],
  model: 'm 1.0.0',
})

function answer(change: Partial<SyncAnswer> = {}): SyncAnswer {
  return {
    next: { alerts: 10, verdicts: 20 },
    gap: false,
    me: { id: 'u', name: 'ann', role: 'admin', createdMicros: 1 },
    devices: [],
    rules: [],
    alerts: [],
    verdicts: [],
    ...change,
  }
}

/** The value that the watch settles on: its first one. */
function first<T>(watch: Watch<T>): Promise<T> {
  return new Promise((resolve) => {
    const end = watch.subscribe((value) => {
      if (value === undefined) return
      resolve(value)
      queueMicrotask(() => end())
    })
  })
}
const read = (): Promise<RelayCopy> => first(watchRelay())

describe('the copy of the relay', () => {
  it('takes over devices whole, so that removed ones go', async () => {
    await applySync(answer({ devices: [device('a'), device('b')] }))
    await applySync(answer({ devices: [device('b')] }))
    expect((await read()).devices.map(({ id }) => id)).toEqual(['b'])
  })

  it('goes on where the last answer ended and remembers that something was left out', async () => {
    await applySync(answer({ gap: true }), 5)
    await applySync(answer({ next: { alerts: 11, verdicts: 21 } }), 6)
    expect(await syncedTo()).toEqual({ alerts: 11, verdicts: 21 })
    expect(await read()).toMatchObject({ gap: true, syncedAt: 6, user: { name: 'ann' } })
  })

  it('keeps the newest alerts', async () => {
    const many = Array.from({ length: MAX_ALERTS + 5 }, (_, i) => alert(i + 1))
    await applySync(answer({ alerts: many }))
    const { alerts } = await read()
    expect(alerts).toHaveLength(MAX_ALERTS)
    expect(alerts[0]?.id).toBe(MAX_ALERTS + 5)
  })

  it('gives the newest verdicts of one device in rising order', async () => {
    await addVerdicts([verdict(1), verdict(2, 'tv'), verdict(3), verdict(4)])
    expect((await first(watchVerdicts('cam', 2))).map(({ id }) => id)).toEqual([3, 4])
    expect((await first(watchVerdicts(undefined, 3))).map(({ id }) => id)).toEqual([2, 3, 4])
  })
})

const acknowledge = {
  kind: 'alerts',
  of: '1',
  method: 'PATCH',
  path: 'alerts/1',
  body: { state: 'acknowledged', revision: 1 },
  words: 'Acknowledge',
} as const

describe('changes that wait', () => {
  it('show at once, and still after an answer that does not have them yet', async () => {
    await applySync(answer({ alerts: [alert(1)] }))
    await queueChange(acknowledge)
    expect((await read()).alerts[0]?.state).toBe('acknowledged')
    await applySync(answer({ alerts: [alert(1, 2)] }))
    expect((await read()).alerts[0]?.state).toBe('acknowledged')
  })

  it('are sent in the order in which they were made', async () => {
    await queueChange(acknowledge, 1)
    await queueChange({ ...acknowledge, body: { state: 'resolved', revision: 2 } }, 2)
    const [one, two] = await waitingChanges()
    expect([one?.body, two?.body]).toEqual([acknowledge.body, { state: 'resolved', revision: 2 }])
    await dropChange(one!.id)
    expect(await waitingChanges()).toHaveLength(1)
  })

  it('show no more once refused, stay to be decided on, and go again without the old revision', async () => {
    await applySync(answer({ alerts: [alert(1)] }))
    await queueChange(acknowledge)
    const [change] = await waitingChanges()
    await refuseChange(change!.id, 'Bob resolved it first.')
    expect(await waitingChanges()).toEqual([])
    const copy = await read()
    expect(copy.alerts[0]?.state).toBe('open')
    expect(copy.queue[0]).toMatchObject({ refused: 'Bob resolved it first.' })
    await insistOnChange(change!.id)
    expect((await waitingChanges())[0]?.body).toEqual({ state: 'acknowledged' })
  })

  it('hide what is to be deleted', async () => {
    await applySync(answer({ devices: [device('a')] }))
    await queueChange({ kind: 'devices', of: 'a', method: 'DELETE', path: 'devices/a', body: undefined, words: '' })
    expect((await read()).devices).toEqual([])
  })
})

it('leaves nothing behind after the log-out', async () => {
  await applySync(answer({ devices: [device('a')], alerts: [alert(1)], verdicts: [verdict(1)] }))
  await queueChange(acknowledge)
  await forgetRelay()
  expect(await read()).toMatchObject({ syncedAt: undefined, user: undefined, devices: [], alerts: [], queue: [] })
  expect(await first(watchVerdicts(undefined, 9))).toEqual([])
})
