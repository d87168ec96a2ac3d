/** Promise P11: what was accepted arrives at least once, though the relay is killed while it sends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { openStore } from '../../relay/store/database.ts'
import { forEachStore } from './stores.ts'

const PROCESS = fileURLToPath(new URL('./outbox-process.ts', import.meta.url))
const KILLS = 8
const EACH = 10

forEachStore((stores) => {
  it('loses no message that was accepted, killed at any point', async () => {
    const place = await stores.place()
    const random = createRandom(11)
    const arrived = new Set<number>()
    const owed = new Set<number>()
    const running: ChildProcess[] = []
    onTestFinished(() => void running.at(-1)?.kill('SIGKILL'))
    let requests = 0
    let killAt = 0
    // Every third is refused, and at a random one its sender is killed: before the answer, or right after it.
    const sink = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        requests++
        const isRefused = requests % 3 === 0
        if (!isRefused) arrived.add(JSON.parse(String(Buffer.concat(parts))).alert)
        if (requests === killAt && random.next() < 0.5) running.at(-1)?.kill('SIGKILL')
        response.writeHead(isRefused ? 503 : 200).end()
        if (requests === killAt) running.at(-1)?.kill('SIGKILL')
      })
    }).listen(0, '127.0.0.1')
    onTestFinished(() => {
      sink.closeAllConnections()
      sink.close()
    })
    await once(sink, 'listening')
    const url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`
    const start = (first: number, count: number): ChildProcess => {
      const child = spawn(process.execPath, [PROCESS, JSON.stringify({ store: place, url, first, count })], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      createInterface(child.stdout!).on('line', (line) => owed.add(Number(line)))
      running.push(child)
      return child
    }
    for (let i = 0; i < KILLS; i++) {
      killAt = requests + 1 + random.int(EACH)
      await once(start(i * EACH, EACH), 'close')
    }
    killAt = 0
    start(0, 0)
    await expect.poll(() => [...owed].filter((alert) => !arrived.has(alert)), { timeout: 60_000 }).toEqual([])
    expect(owed.size).toBeGreaterThanOrEqual(KILLS)
    running.at(-1)?.kill('SIGKILL')
    await once(running.at(-1)!, 'close')
    const store = await openStore(place)
    const { count } = await store.db
      .selectFrom('outbox')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    await store.close()
    expect(Number(count)).toBeGreaterThanOrEqual(owed.size)
  }, 120_000)
})
