/** A relay and its page: claimed, a device added, real MQTT messages judged, an alert told and dealt with; then the relay goes away. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRelay, type Relay } from '../relay/app.ts'
import { openSite } from '../relay/static.ts'
import { openStore } from '../relay/store/database.ts'
import type { Store } from '../relay/store/store.ts'
import { look, open, openSession, type Session } from './harness.ts'
import { BUILD } from './site.ts'

const CODE = 'bcdfg-hjkmn-pqrst-vwxyz'
const PASSWORD = 'correct horse battery'
const { privateKey } = generateKeyPairSync('ed25519')

let directory: string
let session: Session
let context: BrowserContext
let page: Page
let store: Store
let relay: Relay
let url: string

async function startRelay(port = 0, before: () => Promise<void> = async () => {}): Promise<void> {
  store = await openStore(join(directory, 'relay.db'))
  await before()
  relay = await createRelay({
    store,
    site: await openSite(BUILD),
    signingKey: privateKey,
    claimCode: CODE,
    relay: 'e2e',
    hosts: new Set(),
    mqtt: { listen: { host: '127.0.0.1', tcpPort: 0 } },
    requestsPerMinute: 10_000,
    logLevel: 'silent',
    version: '0.0.0',
  })
  await relay.app.listen({ host: '127.0.0.1', port })
  const address = relay.app.server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`
}

async function stopRelay(): Promise<void> {
  relay.app.server.closeAllConnections()
  await relay.close()
  await store.close()
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guardian-live-'))
  session = await openSession()
  await startRelay()
  context = await session.newContext({ viewport: { width: 1280, height: 900 } })
  page = await context.newPage()
})
afterAll(async () => {
  await session.close()
  await stopRelay()
  await rm(directory, { recursive: true, force: true })
})

const part = (name: string) => page.getByRole('navigation', { name: 'Parts of Live' }).getByRole('link', { name })
const flow = (loud: boolean, i: number) => ({
  orig_pkts: loud ? 40_000 : 4 + (i % 3),
  resp_pkts: 4,
  orig_bytes: loud ? 50_000_000 : 300 + (i % 7),
  resp_bytes: 200 + (i % 5),
  peer: '198.51.100.7',
  peer_port: 443,
  proto: 'tcp',
})

let publish: (loud: boolean, count: number) => Promise<void>

test('asks nobody until a person connects it, then is claimed with the code that the relay printed', async () => {
  await open(page, `${url}live/`)
  await page.getByText('No relay is connected.').waitFor()
  expect(session.records.requests.filter((address) => address.includes('/api/'))).toEqual([])
  await look(page, 'live-off')
  await page.getByRole('button', { name: 'Connect the relay of this address' }).click()
  await page.getByRole('heading', { name: 'Make this relay yours' }).waitFor()
  await look(page, 'live-claim')
  await page.getByLabel('Code').fill('wrong')
  await page.getByLabel('Name').fill('ann')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Claim' }).click()
  await page.getByText('That is not the code').waitFor()
  await page.getByLabel('Code').fill(CODE)
  await page.getByRole('button', { name: 'Claim' }).click()
  await page.getByText('No device is watched yet.').waitFor()
  await look(page, 'live-empty')
})

test('adds a device, which connects with its password and is judged from its eleventh flow on', async () => {
  await page.getByRole('link', { name: 'Add a device' }).click()
  await look(page, 'live-add')
  await page.getByLabel('Name').fill('Front-door camera')
  await page.getByLabel('Id in its topics').fill('door-cam')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { name: 'Front-door camera' }).waitFor()
  await page.getByRole('button', { name: 'Make a password' }).click()
  const password = (await page.getByText('Its password, shown this once').locator('code').textContent()) ?? ''
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${relay.ports?.tcp}`, {
    username: 'door-cam',
    password,
    clientId: 'door-cam',
    protocolVersion: 4,
  })
  let sent = 0
  publish = async (loud, count) => {
    for (let i = 0; i < count; i++)
      await client.publishAsync('guardian/door-cam/flow', JSON.stringify(flow(loud, sent++)), { qos: 1 })
  }
  await publish(false, 40)
  await page.getByText('of 30 samples over the line').waitFor()
  await page.getByText('online', { exact: false }).first().waitFor()
  await look(page, 'live-device')
})

test('tells of what is unusual as it happens, and people deal with it', async () => {
  await part('Overview').click()
  await publish(true, 15)
  const alert = page.getByRole('link', { name: /Front-door camera did/ }).first()
  await alert.waitFor()
  await look(page, 'live-overview')
  await part('Alerts').click()
  await look(page, 'live-alerts')
  await alert.click()
  await page.getByRole('heading', { name: /Front-door camera did/ }).waitFor()
  await look(page, 'live-alert')
  await page.getByLabel('A note for the others').fill('It was the firmware.')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('It was the firmware.').waitFor()
  await page.getByRole('button', { name: 'Resolve' }).click()
  await page.getByText('Resolved by ann.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('button', { name: 'Resolve' }).waitFor()
})

test('shows how people are told and who they are', async () => {
  await part('Set-up').click()
  await page.getByRole('heading', { name: 'People' }).waitFor()
  await page.getByText('flow-autoencoder').waitFor()
  await page.getByRole('checkbox', { name: 'By e-mail' }).check()
  await look(page, 'live-set-up')
})

test('tries a rule on the past before it is kept and switched on, and takes back what was done', async () => {
  await part('Rules').click()
  await look(page, 'live-rules-empty')
  await page.getByRole('link', { name: 'Add a rule' }).click()
  await page.getByLabel('Name').fill('Cameras that shout')
  await page.getByRole('button', { name: 'Try it on the last four weeks' }).click()
  await page.getByText('It would have acted').waitFor()
  await look(page, 'live-rule-add')
  await page.getByRole('button', { name: 'Keep it' }).click()
  await page.getByRole('heading', { name: 'Cameras that shout, off' }).waitFor()
  expect(await page.getByRole('button', { name: 'Switch on' }).count()).toBe(0)
  await page.getByRole('button', { name: 'Try it' }).click()
  await page.getByRole('button', { name: 'Switch on' }).click()
  await page.getByRole('heading', { name: 'Cameras that shout, on' }).waitFor()
  await page.evaluate(async () => {
    const body = JSON.stringify({ device: 'door-cam', action: 'quarantine' })
    await fetch('/api/v1/actions', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  })
  await part('Overview').click()
  await part('Rules').click()
  await page.getByRole('button', { name: 'Undo what was done to Front-door camera' }).waitFor()
  await look(page, 'live-rules')
  await page.getByRole('button', { name: 'Undo what was done to Front-door camera' }).click()
  await page.getByText(', undone').waitFor()
})

test('stays readable without the relay, keeps what is changed meanwhile, and sends it later', async () => {
  const port = Number(new URL(url).port)
  await part('Alerts').click()
  await page
    .getByRole('link', { name: /Front-door camera did/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Acknowledge' }).waitFor()
  await stopRelay()
  await page.getByText('The relay is away.').waitFor()
  await page.getByRole('button', { name: 'Acknowledge' }).click()
  await page.getByText('Acknowledged by').waitFor()
  await page.getByText('1 change of yours will be sent').waitFor()
  await look(page, 'live-away')
  await startRelay(port)
  await page.getByText('Acknowledged by ann.').waitFor()
  await page.getByText('1 change of yours will be sent').waitFor({ state: 'detached' })
  const { state } = await store.db
    .selectFrom('alerts')
    .select('state')
    .where('case_id', '!=', '')
    .executeTakeFirstOrThrow()
  expect(state).toBe('acknowledged')
})

test('shows a change that somebody else’s came before, and lets the person decide', async () => {
  const port = Number(new URL(url).port)
  await stopRelay()
  await page.getByText('The relay is away.').waitFor()
  await page.getByRole('button', { name: 'Resolve' }).click()
  await page.getByText('1 change of yours will be sent').waitFor()
  await startRelay(port, async () => {
    await store.db
      .updateTable('alerts')
      .set((eb) => ({ revision: eb('revision', '+', 1), state: 'open' }))
      .where('case_id', '!=', '')
      .execute()
  })
  await page.getByText('A change of yours was not taken.').waitFor()
  await look(page, 'live-conflict')
  await page.getByRole('button', { name: 'Do it all the same' }).click()
  await page.getByText('Resolved by ann.').waitFor()
  await page.getByText('A change of yours was not taken.').waitFor({ state: 'detached' })
})

test('keeps the order of panels that a person chose, at the relay', async () => {
  await part('Overview').click()
  await page.getByRole('button', { name: 'Arrange this overview' }).click()
  await look(page, 'live-arrange')
  await page.getByRole('button', { name: 'Remove How unusual it was' }).click()
  await page.getByRole('button', { name: 'Up Devices' }).click()
  await page.getByRole('button', { name: 'Done' }).click()
  const titles = ['Devices', 'Open alerts']
  const sections = page.getByRole('main').getByRole('heading', { level: 2 })
  await expect.poll(() => sections.allTextContents()).toEqual(titles)
  await expect
    .poll(() => page.evaluate(() => fetch('/api/v1/me/settings/overview-panels').then((answer) => answer.json())))
    .toEqual({ value: ['figures', 'devices', 'alerts'] })
  await open(page, `${url}live/`)
  await expect.poll(() => sections.allTextContents()).toEqual(titles)
})

test('leaves nothing of the relay behind after the log-out', async () => {
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByText('No relay is connected.').waitFor()
  const kept = await page.evaluate(async () => {
    const request = indexedDB.open('iot-guardian-relay')
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    let rows = 0
    for (const name of database.objectStoreNames) {
      const count = database.transaction(name).objectStore(name).count()
      rows += await new Promise<number>((resolve) => {
        count.onsuccess = () => resolve(count.result)
      })
    }
    database.close()
    return rows
  })
  expect(kept).toBe(0)
  const cached = await page.evaluate(async () => {
    const names = await caches.keys()
    const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
    return all.flat().map(({ url }) => new URL(url).pathname)
  })
  expect(cached.filter((path) => /^\/(api|docs|metrics)\b/.test(path))).toEqual([])
  expect((await context.cookies()).filter(({ name }) => name === 'guardian')).toEqual([])
  expect(session.records.policyReports).toEqual([])
  expect(session.records.foreign).toEqual([])
})
