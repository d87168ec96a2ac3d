/** What a device may do at the relay's broker besides its own topics: named by an admin, nothing by default. */
import * as v from 'valibot'

/** Ways of announcing devices: Home Assistant's discovery, a Zigbee2MQTT bridge (which speaks for the devices behind it), Tasmota's discovery. */
export const ANNOUNCERS = ['homeassistant', 'zigbee2mqtt', 'tasmota'] as const
export type Announcer = (typeof ANNOUNCERS)[number]

const MAX_FILTERS = 20

const filter = v.pipe(
  v.string(),
  v.maxLength(512),
  v.regex(
    /^(?!\$(?:share|queue)\/)(?:\+|[^+#/\p{Cc}]*)(?:\/(?:\+|[^+#/\p{Cc}]*))*(?:\/#)?$|^#$/u,
    'A filter is topic levels between slashes, + for any one, # at the end for all below',
  ),
  v.minLength(1),
)

export const mqttRights = v.strictObject({
  announces: v.optional(v.array(v.picklist(ANNOUNCERS)), []),
  /** Filters that it may read, as `$SYS/#` or `guardian/+/state`. */
  reads: v.optional(v.pipe(v.array(filter), v.maxLength(MAX_FILTERS)), []),
})
export type MqttRights = v.InferOutput<typeof mqttRights>
