/**
 * Topics on which devices announce themselves: Home Assistant's MQTT discovery, Zigbee2MQTT's list of devices, Tasmota's native discovery.
 * https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery · https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html
 */
import * as v from 'valibot'

export interface NamedDevice {
  readonly name: string
  readonly model: string | undefined
  readonly vendor: string | undefined
}
/** `id` is how the announcement itself tells devices apart. */
export interface Announcement extends NamedDevice {
  readonly id: string
}

const MAX_ANNOUNCED = 1000
const text = v.pipe(
  v.string(),
  v.transform((value) =>
    value
      .replace(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, 100),
  ),
)
const optional = v.optional(v.nullable(text))

// Long and short names (home-assistant.io: "Supported abbreviations").
const homeAssistant = v.object({
  device: v.optional(
    v.object({
      identifiers: v.optional(v.union([text, v.array(text)])),
      name: optional,
      model: optional,
      manufacturer: optional,
    }),
  ),
  dev: v.optional(
    v.object({ ids: v.optional(v.union([text, v.array(text)])), name: optional, mdl: optional, mf: optional }),
  ),
  name: optional,
})
const zigbee = v.pipe(
  v.array(
    v.object({
      ieee_address: text,
      friendly_name: text,
      type: v.optional(v.string()),
      definition: v.optional(v.nullable(v.object({ model: optional, vendor: optional }))),
    }),
  ),
  v.maxLength(MAX_ANNOUNCED),
)
const tasmota = v.object({ mac: text, dn: optional, fn: v.optional(v.array(v.nullable(text))), md: optional })

type Reader = (value: unknown, topic: readonly string[]) => Announcement[] | undefined

const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/^homeassistant\/[^/]+\/(?:[^/]+\/)?[^/]+\/config$/, readHomeAssistant],
  [/^zigbee2mqtt\/bridge\/devices$/, readZigbee],
  [/^tasmota\/discovery\/[^/]+\/config$/, readTasmota],
]

export function isDiscovery(topic: string): boolean {
  return READERS.some(([pattern]) => pattern.test(topic))
}

/** Whom the message names; empty for an announcement taken back (an empty payload), undefined for one that cannot be read. */
export function readDiscovery(topic: string, payload: Uint8Array): Announcement[] | undefined {
  const reader = READERS.find(([pattern]) => pattern.test(topic))?.[1]
  if (reader === undefined || payload.length === 0) return []
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
  return reader(value, topic.split('/'))
}

function readHomeAssistant(value: unknown, topic: readonly string[]): Announcement[] | undefined {
  const read = v.safeParse(homeAssistant, value)
  if (!read.success) return undefined
  const { device, dev, name } = read.output
  const ids = device?.identifiers ?? dev?.ids
  // homeassistant/<component>/[<node>/]<object>/config: without identifiers the node, or else the object, tells devices apart.
  const id = (Array.isArray(ids) ? ids[0] : ids) || topic.at(topic.length > 4 ? -3 : -2)
  const called = device?.name || dev?.name || name
  if (!id || !called) return []
  return [
    {
      id,
      name: called,
      model: device?.model || dev?.mdl || undefined,
      vendor: device?.manufacturer || dev?.mf || undefined,
    },
  ]
}

function readZigbee(value: unknown): Announcement[] | undefined {
  const read = v.safeParse(zigbee, value)
  if (!read.success) return undefined
  return read.output
    .filter(({ type, friendly_name }) => type !== 'Coordinator' && friendly_name !== '')
    .map(({ ieee_address, friendly_name, definition }) => ({
      id: ieee_address,
      name: friendly_name,
      model: definition?.model || undefined,
      vendor: definition?.vendor || undefined,
    }))
}

function readTasmota(value: unknown): Announcement[] | undefined {
  const read = v.safeParse(tasmota, value)
  if (!read.success) return undefined
  const { mac, dn, fn, md } = read.output
  const name = dn || fn?.find((one) => one)
  return name ? [{ id: mac, name, model: md || undefined, vendor: 'Tasmota' }] : []
}
