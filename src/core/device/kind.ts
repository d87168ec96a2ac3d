/** A guess of what a thing is, from votes: what it announces weighs more than its maker, its maker more than a port. */

export const KINDS = [
  'gateway',
  'camera',
  'doorbell',
  'printer',
  'tv',
  'speaker',
  'light',
  'plug',
  'thermostat',
  'lock',
  'sensor',
  'hub',
  'appliance',
  'scale',
  'console',
  'phone',
  'tablet',
  'computer',
  'storage',
] as const
export type Kind = (typeof KINDS)[number]

/** Where a clue was found; the number is the weight of its vote. */
const WEIGHTS = { name: 4, service: 4, announced: 3, agent: 2, vendor: 2, port: 1 } as const
export type ClueSource = keyof typeof WEIGHTS

/** First match per clue and source; patterns are alternations of fixed words, hence linear. */
const PATTERNS: readonly (readonly [Kind, RegExp])[] = [
  ['doorbell', /doorbell|video.?door/iu],
  ['camera', /cam\b|camera|onvif|rtsp|dcs-|hikvision|dahua|reolink|arlo|wyze|netcam|nvr\b/iu],
  ['printer', /printer|_ipps?\b|_pdl-datastream|_printer|laserjet|deskjet|officejet|epson|brother\b|lexmark|_uscan/iu],
  ['speaker', /speaker|sonos|echo\b|homepod|_raop|_spotify-connect|soundbar|bose\b/iu],
  [
    'tv',
    /\btv\b|-tv|smart-?tv|_googlecast|androidtv|roku|chromecast|mediarenderer|dlna|webos|bravia|_airplay|settop/iu,
  ],
  ['light', /\bhue\b|light|lamp|bulb|lightify|_hue\b|lifx|nanoleaf/iu],
  ['plug', /plug|socket|outlet|wemo|shelly|tasmota|smart-?switch|hs1[01]0/iu],
  ['thermostat', /thermostat|nest\b|ecobee|tado|heating|radiator|netatmo|hvac/iu],
  ['lock', /\block\b|smart-?lock|nuki|august|yale/iu],
  ['sensor', /sensor|detector|weather.?station|smoke|siren/iu],
  ['hub', /\bhub\b|bridge|_hap\b|smartthings|homematic|zigbee|max!?cube|home.?assistant/iu],
  ['scale', /\bscale|withings|\baria\b/iu],
  ['appliance', /kettle|coffee|washer|washing|fridge|oven|dishwasher|vacuum|roborock|roomba|robot/iu],
  ['console', /playstation|xbox|nintendo|ps[45]\b/iu],
  ['tablet', /ipad|tablet|kindle/iu],
  ['phone', /iphone|android|phone|pixel|galaxy|mobile/iu],
  ['storage', /\bnas\b|synology|diskstation|qnap|_smb\b|_afpovertcp/iu],
  ['computer', /laptop|macbook|desktop|imac|windows nt|msft|_workstation|thinkpad|\bpc\b|x11; linux|ubuntu/iu],
  ['gateway', /router|gateway|internetgateway|fritz|openwrt|access.?point|miniupnp/iu],
]

/** Ports that a thing answers on. */
const SERVED_PORTS: ReadonlyMap<number, Kind> = new Map([
  [9100, 'printer'],
  [631, 'printer'],
  [515, 'printer'],
  [554, 'camera'],
  [8554, 'camera'],
  [8008, 'tv'],
  [8009, 'tv'],
  [445, 'computer'],
  [3389, 'computer'],
  [5000, 'storage'],
])

export class KindVotes {
  readonly #votes = new Map<Kind, number>()
  readonly #heard = new Set<string>()

  /** Each source counts once for a kind, so that repeating oneself adds nothing. */
  hear(source: ClueSource, text: string): void {
    const clue = text.slice(0, 200)
    const found = PATTERNS.find(([, pattern]) => pattern.test(clue))
    if (found !== undefined) this.#vote(source, found[0])
  }

  servesPort(port: number): void {
    const kind = SERVED_PORTS.get(port)
    if (kind !== undefined) this.#vote('port', kind)
  }

  /** The kind with most weight, or undefined below two. */
  get best(): Kind | undefined {
    let best: Kind | undefined
    let weight = 1
    for (const [kind, votes] of this.#votes) {
      if (votes > weight) {
        best = kind
        weight = votes
      }
    }
    return best
  }

  #vote(source: ClueSource, kind: Kind): void {
    const key = `${source} ${kind}`
    if (this.#heard.has(key)) return
    this.#heard.add(key)
    this.#votes.set(kind, (this.#votes.get(kind) ?? 0) + WEIGHTS[source])
  }
}
