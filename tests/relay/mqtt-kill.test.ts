/** kill -9 under load: what was acknowledged is in the store. BROKER_KILLS=300 for the long run by hand. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { MqttClient } from 'mqtt'
import { expect, it } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { connect, RECORD } from '../../relay/mqtt/fixture.ts'

const KILLS = Number(process.env.BROKER_KILLS ?? 5)
const DEVICES = 5
const WINDOW = 20
const BROKER = fileURLToPath(new URL('./broker-process.ts', import.meta.url))

it(
  `loses no acknowledged record when it is killed under load, ${KILLS} times`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'broker-kill-'))
    const file = join(folder, 'relay.db')
    const random = createRandom(9)
    const acknowledged = new Set<number>()
    let sent = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, port } = await startBroker(file)
      const clients = await Promise.all(
        Array.from({ length: DEVICES }, (_, at) => connect(`mqtt://127.0.0.1:${port}`, `device-${at}`)),
      )
      let running = true
      const publish = async (client: MqttClient, device: string) => {
        while (running) {
          const number = sent++
          const record = JSON.stringify({ ...RECORD, orig_bytes: number })
          await client.publishAsync(`guardian/${device}/flow`, record, { qos: 1 }).then(
            () => acknowledged.add(number),
            () => {
              running = false
            },
          )
        }
      }
      const before = acknowledged.size
      const loops = clients.flatMap((client, at) => {
        client.on('error', () => {})
        client.on('close', () => {
          running = false
          client.end(true)
        })
        return Array.from({ length: WINDOW }, () => publish(client, `device-${at}`))
      })
      while (acknowledged.size < before + 50) await new Promise((resolve) => setTimeout(resolve, 5))
      await new Promise((resolve) => setTimeout(resolve, random.int(60)))
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await Promise.all(clients.map((client) => client.endAsync(true)))
      // Those whose answer never came do not end by themselves.
      await Promise.race([Promise.all(loops), new Promise((resolve) => setTimeout(resolve, 50))])
    }
    const database = new DatabaseSync(file, { readOnly: true })
    const kept = new Set(
      database
        .prepare("select body from records where source = 'mqtt'")
        .all()
        .map(({ body }) => JSON.parse(String(body)).orig_bytes as number),
    )
    database.close()
    expect(acknowledged.size).toBeGreaterThan(50 * KILLS)
    expect([...acknowledged].filter((number) => !kept.has(number))).toEqual([])
    await rm(folder, { recursive: true, force: true })
  },
  30_000 + KILLS * 10_000,
)

async function startBroker(file: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [BROKER, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { child, port: Number(line.toString()) }
}
