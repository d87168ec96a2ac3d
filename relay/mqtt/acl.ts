/**
 * Who may write and read which topics: deny by default, and an empty list denies. Pure; filters and topics as in MQTT 3.1.1 §4.7, compared level by
 * level, never as text: a pattern filled with a name as text is how CVE-2017-7650 let the user `#` in.
 */

import type { Announcer } from '#core/mqtt/wire.ts'

/** What one identity may do; topic filters. */
export interface Grants {
  readonly write: readonly string[]
  readonly read: readonly string[]
}

export const NO_GRANTS: Grants = { write: [], read: [] }

const MAX_TOPIC_CHARACTERS = 512
const MAX_LEVELS = 32

/** Topics of its own that a device named for the announcer has; `+` before `#` asks for at least one level more. */
const ANNOUNCED: Record<Announcer, (device: string) => Grants> = {
  // <prefix>/<component>/[<node>/]<object>/config
  homeassistant: (device) => ({
    write: [`homeassistant/+/${device}/config`, `homeassistant/+/${device}/+/config`],
    read: ['homeassistant/status'],
  }),
  // A bridge speaks for the devices behind it, under its base topic.
  zigbee2mqtt: () => ({ write: ['zigbee2mqtt/+/#'], read: ['zigbee2mqtt/#'] }),
  // tasmota/discovery/<MAC>/config|sensors; prefixes stat, tele and cmnd before the device's topic
  tasmota: (device) => ({
    write: [`tasmota/discovery/${device}/+`, `tele/${device}/+`, `stat/${device}/+`],
    read: [`cmnd/${device}/#`],
  }),
}

/** A device writes under `guardian/<id>/` and reads there, and what it is named for; `device` must be an id as in device/wire.ts. */
export function deviceGrants(device: string, named: readonly Announcer[] = []): Grants {
  const announced = named.map((announcer) => ANNOUNCED[announcer](device))
  return {
    write: [`guardian/${device}/+/#`, ...announced.flatMap(({ write }) => write)],
    read: [`guardian/${device}/#`, ...announced.flatMap(({ read }) => read)],
  }
}

/** Will and retained messages obey the same rule. Topics that begin with $ are the broker's own: nobody writes there. */
export function mayPublish(grants: Grants, topic: string): boolean {
  return (
    topicFault(topic) === undefined && !topic.startsWith('$') && grants.write.some((filter) => covers(filter, topic))
  )
}

/** True when each topic that `filter` matches may be read. `$share/…` is refused: it would hide the filter that is meant. */
export function maySubscribe(grants: Grants, filter: string): boolean {
  return filterFault(filter) === undefined && !isShared(filter) && grants.read.some((grant) => covers(grant, filter))
}

/** Asked again at each delivery, so that what was granted once is not kept. */
export function mayReceive(grants: Grants, topic: string): boolean {
  return topicFault(topic) === undefined && grants.read.some((grant) => covers(grant, topic))
}

/** Undefined for a topic name that may be written to at all, else what is wrong with it. */
export function topicFault(topic: string): 'empty' | 'long' | 'deep' | 'characters' | 'wildcard' | undefined {
  return textFault(topic) ?? (/[+#]/.test(topic) ? 'wildcard' : undefined)
}

function filterFault(filter: string): 'empty' | 'long' | 'deep' | 'characters' | 'wildcard' | undefined {
  const fault = textFault(filter)
  if (fault !== undefined) return fault
  const levels = filter.split('/')
  const misplaced = levels.some(
    (level, at) => /[+#]/.test(level) && level !== '+' && !(level === '#' && at === levels.length - 1),
  )
  return misplaced ? 'wildcard' : undefined
}

function textFault(text: string): 'empty' | 'long' | 'deep' | 'characters' | undefined {
  if (text.length === 0) return 'empty'
  if (text.length > MAX_TOPIC_CHARACTERS) return 'long'
  if (text.split('/', MAX_LEVELS + 1).length > MAX_LEVELS) return 'deep'
  // U+FFFD stands where bytes were no UTF-8 (§1.5.3); NUL, controls and lone surrogates break peers that check (CVE-2017-7653).
  return /[\p{Cc}\p{Cs}\ufffd\ufffe\uffff]/u.test(text) ? 'characters' : undefined
}

function isShared(filter: string): boolean {
  return filter.startsWith('$share/') || filter.startsWith('$queue/')
}

/** Whether `grant` matches each topic that `asked` (a topic, or a filter) matches. */
function covers(grant: string, asked: string): boolean {
  const own = grant.split('/')
  const levels = asked.split('/')
  // A wildcard at the front does not reach topics that begin with $ (§4.7.2).
  if ((own[0] === '#' || own[0] === '+') && asked.startsWith('$')) return false
  for (const [at, level] of own.entries()) {
    if (level === '#') return true
    const wanted = levels[at]
    if (wanted === undefined || wanted === '#') return false
    if (level !== '+' && level !== wanted) return false
    // `a/#` matches `a` too (§4.7.1.2).
    if (at === levels.length - 1 && own[at + 1] === '#' && own.length === at + 2) return true
  }
  return own.length === levels.length
}
