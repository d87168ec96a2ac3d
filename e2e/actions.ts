/** What a person does in the app, and what is then in the database. */
import type { Page } from 'playwright'

export interface StoredScan {
  readonly id: string
  readonly file: string
  readonly state: string
  readonly error?: string
  readonly summary?: { readonly kind: string; readonly rows: number; readonly windows: number; readonly cases: number }
}

/** Records of a table as the browser stored them, read past the app. Typed arrays are left out. */
export function storedRows<Row>(page: Page, table: string): Promise<Row[]> {
  return page.evaluate(async (name) => {
    const opened = indexedDB.open('iot-guardian')
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      opened.onsuccess = () => resolve(opened.result)
      opened.onerror = () => reject(opened.error)
    })
    if (!database.objectStoreNames.contains(name)) return []
    const asked = database.transaction(name).objectStore(name).getAll()
    const rows = await new Promise<unknown[]>((resolve, reject) => {
      asked.onsuccess = () => resolve(asked.result)
      asked.onerror = () => reject(asked.error)
    })
    database.close()
    return JSON.parse(JSON.stringify(rows, (_, value) => (ArrayBuffer.isView(value) ? undefined : value)))
  }, table)
}

/** How many findings each stored case has, by its key: counted in the page, since cases carry hundreds of findings each. */
export async function storedFindingCounts(page: Page): Promise<Map<string, number>> {
  const counts = await page.evaluate(async () => {
    const opened = indexedDB.open('iot-guardian')
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      opened.onsuccess = () => resolve(opened.result)
      opened.onerror = () => reject(opened.error)
    })
    if (!database.objectStoreNames.contains('cases')) return []
    const found: [string, number][] = []
    const cursor = database.transaction('cases').objectStore('cases').openCursor()
    await new Promise<void>((resolve, reject) => {
      cursor.onerror = () => reject(cursor.error)
      cursor.onsuccess = () => {
        if (!cursor.result) return resolve()
        found.push([cursor.result.value.key, cursor.result.value.value.findingCount])
        cursor.result.continue()
      }
    })
    database.close()
    return found
  })
  return new Map(counts)
}

/** Resolves with the newest scan once no scan runs any more. */
export async function scansEnded(page: Page, options: { count: number; timeoutMs?: number }): Promise<StoredScan[]> {
  const endMs = Date.now() + (options.timeoutMs ?? 60_000)
  for (;;) {
    const scans = await storedRows<StoredScan>(page, 'scans')
    const ended = scans.filter(({ state }) => state !== 'running')
    if (scans.length >= options.count && ended.length === scans.length)
      return scans.sort((a, b) => (a.id < b.id ? -1 : 1))
    if (Date.now() > endMs)
      throw new Error(`scans did not end: ${JSON.stringify(scans.map(({ file, state }) => [file, state]))}`)
    await page.waitForTimeout(100)
  }
}

/** Drops files on the window, as from a file manager. */
export async function dropFiles(page: Page, files: readonly { name: string; bytes: Uint8Array }[]): Promise<void> {
  const handle = await page.evaluateHandle(
    (items) => {
      const transfer = new DataTransfer()
      for (const { name, base64 } of items) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
        transfer.items.add(new File([bytes], name))
      }
      return transfer
    },
    files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') })),
  )
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('body', type, { dataTransfer: handle })
}

/** Opens a file of the disk by the system's dialog: for files too large to be handed over as bytes. */
export async function chooseFile(page: Page, path: string): Promise<void> {
  const asked = page.waitForEvent('filechooser')
  await page
    .getByRole('button', { name: /Open files|Scan a file/ })
    .first()
    .click()
  await (await asked).setFiles(path)
}

export interface DemoRun {
  /** From the click to the first case on the page. */
  readonly firstFindingMs: number
  /** Addresses that exist only with something in the history. */
  readonly routes: readonly string[]
}

/** One click on the empty home; waits until the demo is read to its end. */
export async function runDemo(page: Page, url: string): Promise<DemoRun> {
  await page.goto(url)
  const startedMs = Date.now()
  await page.getByRole('button', { name: 'Try the demo home' }).click()
  await page.locator('main a[href*="case/?key="], main a[href*="case?key="]').first().waitFor()
  const firstFindingMs = Date.now() - startedMs
  const [scan] = await scansEnded(page, { count: 1 })
  if (!scan) throw new Error('no scan was stored')
  const [first] = await storedRows<{ key: string }>(page, 'cases')
  const [device] = await storedRows<{ value: { id: string } }>(page, 'devices')
  const query = (values: Record<string, string>) => new URLSearchParams(values).toString()
  return {
    firstFindingMs,
    routes: [
      `scan/?${query({ id: scan.id })}`,
      ...(first ? [`case/?${query({ key: first.key })}`] : []),
      ...(device ? [`devices/?${query({ scan: scan.id, id: device.value.id })}`] : []),
    ],
  }
}
