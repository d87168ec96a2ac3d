/** Commands of Mosquitto's dynamic-security plugin (https://mosquitto.org/documentation/dynamic-security/) over a client that may give them. */
import { randomUUID } from 'node:crypto'
import type { MqttClient } from 'mqtt'
import * as v from 'valibot'

const TOPIC = '$CONTROL/dynamic-security/v1'
const ANSWERS = `${TOPIC}/response`
const PATIENCE_MS = 3000

const answers = v.object({
  responses: v.array(
    v.object({ command: v.string(), correlationData: v.optional(v.string()), error: v.optional(v.string()) }),
  ),
})

export interface Dynsec {
  /** The plugin's own words when it refused; undefined when it did what was asked. Rejects when nothing answers. */
  command(command: 'disableClient' | 'enableClient', device: string): Promise<string | undefined>
}

export function createDynsec(client: MqttClient): Dynsec {
  const waiting = new Map<string, (error: string | undefined) => void>()
  client.on('message', (topic, payload) => {
    if (topic !== ANSWERS) return
    const read = v.safeParse(answers, parseJson(payload))
    if (!read.success) return
    for (const { correlationData, error } of read.output.responses) waiting.get(correlationData ?? '')?.(error)
  })
  return {
    async command(command, device) {
      await client.subscribeAsync(ANSWERS, { qos: 1 }).catch((error: Error) => {
        throw new Error(`the broker does not let the relay read its plugin's answers (${error.message})`)
      })
      const id = randomUUID()
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id)
          reject(new Error('no dynamic-security plugin answers there, or not to the relay'))
        }, PATIENCE_MS)
        waiting.set(id, (error) => {
          clearTimeout(timer)
          waiting.delete(id)
          resolve(error)
        })
        const request = { commands: [{ command, username: device, correlationData: id }] }
        client.publish(TOPIC, JSON.stringify(request), { qos: 1 }, (error) => error && reject(error))
      })
    },
  }
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'))
  } catch {
    return undefined
  }
}
