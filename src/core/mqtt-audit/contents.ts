/** What kind of thing a message holds, and which topics command locks; nothing of the payload leaves here. Expressions are linear-time. */

const MAX_LOOKED_AT = 4096

const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/, 'private key'],
  [/"?(?:pass|password|passwd|pwd)"?\s?[:=]\s?"?[^\s",}]{3}/i, 'password'],
  [/"?(?:psk|wpa_key|wifi_key|ssid_pwd|network_key)"?\s?[:=]\s?[["]?[^\s"}]{3}/i, 'network key'],
  [/"?(?:api_?key|token|secret|access_key|bearer)"?\s?[:=]\s?"?[\w\-.=+/]{8}/i, 'token'],
  [/\beyJ[\w-]{10,200}\.eyJ[\w-]{10,}/, 'token'],
  [/\bAKIA[0-9A-Z]{16}\b/, 'cloud key'],
  [/"?(?:pin|code|pin_code|user_code)"?\s?[:=]\s?"?\d{4,8}\b/i, 'door code'],
]

/** Undefined for what does not look like a secret. */
export function secretKind(payload: string): string | undefined {
  const text = payload.slice(0, MAX_LOOKED_AT)
  return SECRETS.find(([pattern]) => pattern.test(text))?.[1]
}

/** OwnTracks' topics, or coordinates in JSON. */
export function tellsPlace(topic: string, payload: string): boolean {
  const text = payload.slice(0, MAX_LOOKED_AT)
  return (
    topic.startsWith('owntracks/') || (/"(?:lat|latitude)"\s?:/.test(text) && /"(?:lon|lng|longitude)"\s?:/.test(text))
  )
}

const GUARDED = /(?:^|[/_-])(?:lock|door|gate|garage|alarm|siren|valve)s?(?:$|[/_\d-])/i
const COMMAND = /(?:^|\/)(?:set|command|cmd|cmnd|unlock|open)(?:$|\/)/i

/** Topics that command a lock, door, gate, alarm or valve: the topic itself, or the one that a Home Assistant announcement names. */
export function lockTopicsOf(topic: string, payload: string): string[] {
  const found = GUARDED.test(topic) && COMMAND.test(topic) ? [topic] : []
  if (/^homeassistant\/(?:lock|alarm_control_panel|valve|cover|siren)\//.test(topic)) {
    const named = /"(?:command_topic|cmd_t)"\s?:\s?"([^"]{1,200})"/.exec(payload.slice(0, MAX_LOOKED_AT))?.[1]
    if (named !== undefined) found.push(named)
  }
  return found
}
