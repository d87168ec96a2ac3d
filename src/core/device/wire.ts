/** Watched devices: what crosses between page, relay and scripts about them. */
import * as v from 'valibot'

export const WATCHED_TYPES = ['camera', 'sensor', 'gateway', 'actuator', 'smart_plug', 'custom'] as const
export const WATCHED_PROTOCOLS = ['mqtt', 'coap', 'http', 'tcp', 'udp'] as const
export const WATCHED_STATUSES = ['offline', 'online', 'under_attack', 'quarantined'] as const
export const WATCHED_SOURCES = ['simulated', 'replay', 'live'] as const

/** Also the name of the device's topics and MQTT user, hence without + # / and NUL. */
export const deviceId = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/,
    'A device id is 1 to 64 letters, digits or _ . : - and begins with a letter or digit',
  ),
)
const name = v.pipe(v.string(), v.trim(), v.minLength(1, 'A device has a name'), v.maxLength(100))
const address = v.pipe(v.string(), v.trim(), v.maxLength(255))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const notes = v.pipe(v.string(), v.maxLength(10_000))

const described = {
  name,
  type: v.picklist(WATCHED_TYPES),
  /** IP, MAC or host name; empty when it is not known. */
  address,
  protocol: v.picklist(WATCHED_PROTOCOLS),
  port,
  source: v.picklist(WATCHED_SOURCES),
  notes,
}

export const newDeviceRequest = v.strictObject({
  id: v.optional(deviceId),
  name,
  type: v.optional(described.type, 'custom'),
  address: v.optional(address, ''),
  protocol: v.optional(described.protocol, 'mqtt'),
  port: v.optional(port, 1883),
  source: v.optional(described.source, 'live'),
  notes: v.optional(notes, ''),
})
/** `revision` is the one the writer saw; a newer one at the relay is a conflict, answered 409 with the newer device. */
export const changeDeviceRequest = v.strictObject({
  ...v.partial(v.strictObject(described)).entries,
  revision: v.optional(v.number()),
})

export const watchedDevice = v.object({
  id: deviceId,
  ...described,
  status: v.picklist(WATCHED_STATUSES),
  /** Whether its flows are scored. */
  monitored: v.boolean(),
  createdMicros: v.number(),
  /** Undefined until its first flow. */
  lastSeenMicros: v.optional(v.number()),
  /** Counts changes; goes up by one with each. */
  revision: v.number(),
})
export type WatchedDevice = v.InferOutput<typeof watchedDevice>
