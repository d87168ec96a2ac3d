/** The main job, whole: a person gives a file and reads what is in it, and the page asks the network for nothing meanwhile. */
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { filmHome } from '../tools/demo/home.ts'
import { writePcap } from '../tools/demo/pcap-writer.ts'
import { makeTable } from '../tools/make-table.ts'
import { dropFiles, runDemo, scansEnded, storedRows } from './actions.ts'
import { keptOffline, open, openSession, type Session } from './harness.ts'
import { type Site, serveSite } from './site.ts'

let site: Site
let session: Session

beforeAll(async () => {
  session = await openSession()
  site = await serveSite()
})
afterAll(async () => {
  await session.close()
  await site.close()
})

async function newPage(): Promise<Page> {
  const page = await (await session.newContext()).newPage()
  await open(page, `${site.url}scan/`)
  // The service worker fetches the whole site once, which is no part of a scan.
  await keptOffline(page)
  return page
}

const text = (content: string) => new TextEncoder().encode(content)

async function table(rows: number, seed: number): Promise<Uint8Array> {
  return text((await Array.fromAsync(makeTable({ rows, seed, anomalies: 3 }))).join(''))
}

/** A Zeek conn.log of a sensor that reports every minute, and once sends what it never sent. */
function connLog(): Uint8Array {
  const random = createRandom(5)
  const fields = [
    'ts',
    'uid',
    'id.orig_h',
    'id.orig_p',
    'id.resp_h',
    'id.resp_p',
    'proto',
    'service',
    'duration',
    'orig_bytes',
    'resp_bytes',
    'conn_state',
    'orig_pkts',
    'resp_pkts',
  ]
  const rows = Array.from({ length: 300 }, (_, i) => {
    const large = i === 200
    const values = [
      1.77e9 + 60 * i,
      `C${i}`,
      '192.168.1.20',
      40000 + i,
      '203.0.113.5',
      443,
      'tcp',
      'ssl',
      0.4,
      large ? 90_000_000 : 400 + random.int(60),
      1200 + random.int(90),
      'SF',
      large ? 62_000 : 8,
      large ? 31_000 : 9,
    ]
    return values.join('\t')
  })
  return text(
    ['#separator \\x09', '#unset_field\t-', '#path\tconn', `#fields\t${fields.join('\t')}`, ...rows, ''].join('\n'),
  )
}

describe('the demo', () => {
  test('shows its first finding within ten seconds of one click, and tells its story', async () => {
    const page = await (await session.newContext()).newPage()
    const { firstFindingMs } = await runDemo(page, site.url)
    expect(firstFindingMs).toBeLessThan(10_000)
    const cases = await storedRows<{ value: { severity: string; title: string } }>(page, 'cases')
    const told = cases.map(({ value }) => `${value.severity}: ${value.title}`)
    expect(told.filter((line) => line.startsWith('critical'))).toEqual([
      expect.stringMatching(/^critical: Front door camera .* at 03:1\d\.$/),
    ])
    expect(told).toContainEqual(expect.stringMatching(/^low: Study printer fetched \d+\.\d MB from firmware/))
    const notes = await storedRows<{ value: { kind: string } }>(page, 'notes')
    expect(notes.map(({ value }) => value.kind).sort()).toEqual(['device-silent', 'new-device'])
    await page.getByRole('button', { name: 'Remove the demo' }).click()
    await page.getByRole('button', { name: 'Try the demo home' }).waitFor()
  })
})

describe('dropped files', () => {
  test('of each kind are read, known by content, and asked of nobody', async () => {
    const page = await newPage()
    const capture = writePcap(filmHome(7, ['printer-update']))
    const files = [
      { name: 'tuesday.bin', bytes: capture, kind: 'pcap' },
      { name: 'zeek.txt', bytes: gzipSync(connLog()), kind: 'zeek-conn' },
      { name: 'flows.dat', bytes: await table(2000, 3), kind: 'flow-csv' },
    ]
    // The first scan loads the model; from then on nothing more is asked.
    await dropFiles(page, [files[2]!])
    await scansEnded(page, { count: 1 })
    await page.waitForLoadState('networkidle')
    const before = session.records.requests.length
    await dropFiles(page, files)
    const scans = await scansEnded(page, { count: 4 })
    expect(scans.slice(1).map(({ state, summary }) => [state, summary?.kind])).toEqual(
      files.map(({ kind }) => ['done', kind]),
    )
    expect(session.records.requests.slice(before)).toEqual([])
    const zeek = scans.find(({ summary }) => summary?.kind === 'zeek-conn')!
    expect(zeek.summary).toMatchObject({ rows: 300, windows: 290, cases: 1 })
    await page.goto(`${site.url}scan/?id=${encodeURIComponent(zeek.id)}`)
    await page
      .getByRole('link', { name: /90\.\d MB/ })
      .first()
      .waitFor()
  })

  test.each([
    ['nothing.csv', '', /empty|no bytes|nothing/i],
    ['ten.csv', `orig_pkts,resp_pkts,orig_bytes,resp_bytes\n${'1,1,10,10\n'.repeat(10)}`, /11/],
    ['header.csv', 'orig_pkts,resp_pkts,orig_bytes,resp_bytes\n', /header|no rows|11/i],
    ['names.csv', `a,b,c,d\n${'x,y,z,w\n'.repeat(20)}`, /orig_pkts/],
    ['words.csv', `orig_pkts,resp_pkts,orig_bytes,resp_bytes\n${'one,two,three,four\n'.repeat(20)}`, /number/i],
    ['noise.csv', String.fromCharCode(...Array.from({ length: 3000 }, (_, i) => 1 + ((i * 7919) % 31))), /./],
  ])('%s is answered in a sentence, and earlier history stays', async (name, content, expected) => {
    const page = await newPage()
    await dropFiles(page, [{ name: 'good.csv', bytes: await table(200, 1) }])
    await scansEnded(page, { count: 1 })
    await dropFiles(page, [{ name, bytes: text(content) }])
    const [good, bad] = await scansEnded(page, { count: 2 })
    expect(good!.state).toBe('done')
    expect(bad!.state).toBe('failed')
    expect(bad!.error).toMatch(expected)
    expect(bad!.error).toMatch(/^[A-Z“"].*[.!?)]$/s)
    await page.goto(`${site.url}scan/?id=${encodeURIComponent(bad!.id)}`)
    await page.getByText(bad!.error!).waitFor()
    await page.context().close()
  })

  test('can be stopped, and what was found is kept', async () => {
    const page = await newPage()
    await dropFiles(page, [{ name: 'long.csv', bytes: await table(120_000, 2) }])
    await page.getByRole('button', { name: /stop/i }).click()
    const [scan] = await scansEnded(page, { count: 1 })
    expect(scan!.state).toBe('stopped')
    expect(scan!.summary!.rows).toBeLessThan(120_000)
  })
})

test('no scan broke the policy, asked elsewhere or left an error', () => {
  expect(session.records.foreign).toEqual([])
  expect(session.records.policyReports).toEqual([])
  expect(session.records.errors).toEqual([])
})
