/**
 * A broker that is there already (Mosquitto, EMQX, …; MQTT 5). The relay is one of its clients: it shares the subscription to flow records with its neighbours,
 * so that each record reaches one relay, and acknowledges a record after its commit. Who may connect and write is the broker's own matter.
 */
import mqtt, { type MqttClient } from 'mqtt'
import * as v from 'valibot'
import { deviceId } from '#core/device/wire.ts'
import type { Broker, BrokerPorts, Effect } from './broker.ts'
import { createDynsec } from './dynsec.ts'
import { createInbox } from './inbox.ts'
import { acknowledgeLate } from './late-acks.ts'
import { createRefusals, type RefusalReason } from './refusals.ts'

const FLOWS = '$share/guardian/guardian/+/flow'
/** Retained announcements are not sent to shared subscriptions; naming a device twice is harmless. */
const ANNOUNCEMENTS = [
  'homeassistant/+/+/config',
  'homeassistant/+/+/+/config',
  'zigbee2mqtt/bridge/devices',
  'tasmota/discovery/+/config',
]
/** The broker keeps what comes while this relay is away for so long. */
const SESSION_EXPIRY_SECONDS = 7 * 86_400
/** Messages under way to the store. */
const RECEIVE_MAXIMUM = 1000
const RECONNECT_MS = 1000
const FIRST_CONNECT_MS = 5000
const TELL_EVERY_MS = 1000

export interface ExternalOptions extends Omit<BrokerPorts, 'identify' | 'announces' | 'reads'> {
  /** mqtt, mqtts, ws or wss; user and password may be in it. */
  readonly url: string
  /** The same after a restart, another one for each relay: the broker keeps this relay's messages under it. */
  readonly clientId: string
  readonly username?: string
  readonly password?: string
  /** Certificate authority of the broker, PEM. */
  readonly ca?: string
}

/** Resolves when connected, or after a few seconds without: the broker may come later, `stats().fault` says what is the matter. */
export async function openExternalBroker(options: ExternalOptions): Promise<Broker> {
  const refusals = createRefusals(options.refused?.bind(options))
  const inbox = createInbox(options, refusals)
  const ignored = new Set<string>()
  const { host } = new URL(options.url)
  /** Of the last failure, until a connection stands. */
  let reason: string | undefined
  let fault: string | undefined = `The relay is not connected to the broker at ${host} yet`

  const client = mqtt.connect(options.url, {
    clientId: options.clientId,
    protocolVersion: 5,
    clean: false,
    properties: { sessionExpiryInterval: SESSION_EXPIRY_SECONDS, receiveMaximum: RECEIVE_MAXIMUM },
    reconnectPeriod: RECONNECT_MS,
    reconnectOnConnackError: true,
    // Subscribed anew at each connect, below: Mosquitto 2.0.11 forgets shared subscriptions of kept sessions when it restarts.
    resubscribe: false,
    queueQoSZero: false,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })
  acknowledgeLate(
    client,
    async (topic, payload) => {
      if (topic.startsWith('$')) return
      const device = /^guardian\/([^/]*)\/flow$/.exec(topic)?.[1]
      const refused = device === undefined ? undefined : await refusalOf(device)
      if (refused) return refusals.add((device ?? '').slice(0, 64), refused[0], refused[1])
      await inbox.take(device ?? '', topic, payload)
    },
    // Its message comes again with a new connection; the pause before that is the store's.
    () => client.stream.destroy(),
  )
  const dynsec = createDynsec(client)

  /** The broker let it write; whether the relay wants to hear it is another matter. */
  async function refusalOf(device: string): Promise<readonly [RefusalReason, string] | undefined> {
    const standing = v.is(deviceId, device) ? await options.standing?.(device) : 'unknown'
    if (standing === 'unknown') return ['bad-device-id', 'Records are of a device that was added to the relay']
    if (standing === 'quarantined' || ignored.has(device))
      return ['quarantined', 'The device is quarantined; its messages are ignored']
    return undefined
  }

  client.on('connect', () => {
    reason = undefined
    // MQTT.js rejects when one of them is refused, and says how.
    client.subscribeAsync([FLOWS, ...ANNOUNCEMENTS], { qos: 1 }).then(
      () => {
        fault = undefined
      },
      (error: Error) => {
        fault = `The broker at ${host} does not let the relay subscribe to flow records and announcements: ${error.message}`
      },
    )
  })
  client.on('error', (error) => {
    reason = error.message
  })
  client.on('close', () => {
    const why = reason === undefined ? '' : ` (${reason})`
    fault = `The broker at ${host} is away${why}; the relay tries again each second`
  })
  const tellTimer = setInterval(() => refusals.flush(), TELL_EVERY_MS)
  await firstConnect(client)

  async function order(command: 'disableClient' | 'enableClient', device: string): Promise<Effect> {
    if (!client.connected) return { success: false, detail: `The broker at ${host} is away` }
    try {
      const error = await dynsec.command(command, device)
      return error === undefined
        ? { success: true, detail: `The broker at ${host} did ${command} for the user ${device}` }
        : { success: false, detail: `The broker at ${host} refused ${command} for the user ${device}: ${error}` }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return {
        success: false,
        detail: `The broker at ${host} cannot be told by the relay to cut off ${device}: ${why}`,
      }
    }
  }

  return {
    async disconnect(device) {
      const disabled = await order('disableClient', device)
      if (!disabled.success) return disabled
      const enabled = await order('enableClient', device)
      return enabled.success
        ? { success: true, detail: `The broker at ${host} closed the connections of ${device}` }
        : enabled
    },
    async quarantine(device) {
      ignored.add(device)
      const { success, detail } = await order('disableClient', device)
      return { success, detail: success ? detail : `${detail}. The relay itself ignores its messages` }
    },
    async release(device) {
      const known = ignored.delete(device)
      const { success, detail } = await order('enableClient', device)
      return { success, detail: success || !known ? detail : `${detail}. The relay takes its messages again` }
    },
    async limit(device, perSecond) {
      if (perSecond === undefined) return { success: true, detail: `${device} is not limited` }
      return {
        success: false,
        detail: `The broker at ${host} knows no limit for one client; set one there, or quarantine ${device}`,
      }
    },
    async publish(topic, payload, { retain = false, qos = 0 } = {}) {
      if (!client.connected) throw new Error(`the broker at ${host} is away`)
      await client.publishAsync(topic, Buffer.from(payload), { retain, qos })
    },
    stats: () => ({
      kind: 'external',
      fault,
      connected: client.connected ? 1 : 0,
      ...inbox.counts,
      refused: { ...refusals.totals },
    }),
    async flush() {
      refusals.flush()
    },
    async close() {
      clearInterval(tellTimer)
      await client.endAsync(true)
      refusals.flush()
    },
  }
}

function firstConnect(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      client.off('connect', done)
      resolve()
    }
    const timer = setTimeout(done, FIRST_CONNECT_MS)
    client.on('connect', done)
  })
}
