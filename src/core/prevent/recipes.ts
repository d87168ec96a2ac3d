/**
 * How to do by hand, or by another program's API, what the relay cannot do itself: for routers and boxes that stand where the traffic passes.
 * Text alone; nothing is run. All that goes into a command was read as an address, a MAC or a domain before.
 * Sources: OpenWrt "Firewall configuration /etc/config/firewall", Pi-hole v6 API, AdGuard Home openapi.yaml, Home Assistant REST API.
 */
import { InputError } from '../base/errors.ts'
import { readAddress } from './address.ts'

export interface Recipe {
  readonly name: string
  /** When it helps, and what it does not do: one sentence. */
  readonly about: string
  /** To be pasted into a shell or a file. */
  readonly paste: string
  readonly undo: string
  /** The same through the program's API. */
  readonly request?: ApiRequest
}

export interface ApiRequest {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body: unknown
}

export interface Culprit {
  /** What the device is called. */
  readonly name: string
  readonly mac?: string | undefined
  readonly address?: string | undefined
  /** A host that it must not reach: an address or a domain. */
  readonly peer?: string | undefined
  /** Of its plug or switch in Home Assistant, as switch.camera_plug. */
  readonly entity?: string | undefined
}

/** Those that what is known suffices for. Throws InputError when something is not what it says it is. */
export function recipesFor(culprit: Culprit): Recipe[] {
  const known = {
    label: labelOf(culprit.name),
    mac: culprit.mac === undefined ? undefined : readMac(culprit.mac),
    address: culprit.address === undefined ? undefined : readAddress(culprit.address),
    peer: culprit.peer === undefined ? undefined : readPeer(culprit.peer),
    entity: culprit.entity === undefined ? undefined : readEntity(culprit.entity),
  }
  return [openWrt(known), piHole(known), adGuardAccess(known), adGuardDomain(known), homeAssistant(known)].flatMap(
    (recipe) => recipe ?? [],
  )
}

interface Known {
  readonly label: string
  readonly mac: string | undefined
  readonly address: string | undefined
  readonly peer: Peer | undefined
  readonly entity: string | undefined
}

type Peer = { readonly kind: 'address' | 'domain'; readonly text: string }

function openWrt({ label, mac, address, peer }: Known): Recipe | undefined {
  const from = mac !== undefined ? `src_mac='${mac}'` : address !== undefined ? `src_ip='${address}'` : undefined
  const to = peer?.kind === 'address' ? `dest_ip='${peer.text}'` : undefined
  if (from === undefined && to === undefined) return undefined
  const section = `firewall.guardian_${label}`
  const options = ["src='lan'", "dest='wan'", "proto='all'", "target='REJECT'", from, to].flatMap(
    (option) => option ?? [],
  )
  return {
    name: 'OpenWrt',
    about: 'Stops it at the router on the way to the internet; inside the home it still reaches others.',
    paste: [
      `uci set ${section}=rule`,
      `uci set ${section}.name='guardian-${label}'`,
      ...options.map((option) => `uci set ${section}.${option}`),
      'uci commit firewall',
      'service firewall restart',
    ].join('\n'),
    undo: [`uci delete ${section}`, 'uci commit firewall', 'service firewall restart'].join('\n'),
  }
}

function piHole({ label, peer }: Known): Recipe | undefined {
  if (peer?.kind !== 'domain') return undefined
  return {
    name: 'Pi-hole',
    about: `Nobody in the home finds ${peer.text} by name any more; who knows its address still reaches it.`,
    paste: `pihole deny ${peer.text} --comment guardian-${label}`,
    undo: `pihole deny remove ${peer.text}`,
    request: {
      method: 'POST',
      path: '/api/domains/deny/exact',
      body: { domain: peer.text, comment: `guardian-${label}`, enabled: true },
    },
  }
}

function adGuardAccess({ address, mac }: Known): Recipe | undefined {
  const client = address ?? mac
  if (client === undefined) return undefined
  return {
    name: 'AdGuard Home, the whole device',
    about: 'It finds no names any more; what it knows by address it still reaches.',
    paste: `${client}\n`,
    undo: `Remove the line ${client} from Settings, DNS settings, Access settings, Disallowed clients.`,
  }
}

function adGuardDomain({ label, peer, address }: Known): Recipe | undefined {
  if (peer?.kind !== 'domain') return undefined
  const rule = address === undefined ? `||${peer.text}^` : `||${peer.text}^$client='${address}'`
  return {
    name: 'AdGuard Home, one name',
    about: `${address ?? 'Nobody in the home'} does not find ${peer.text} by name any more.`,
    paste: `! guardian-${label}\n${rule}`,
    undo: `Remove the line ${rule} from Filters, Custom filtering rules.`,
  }
}

function homeAssistant({ entity, label }: Known): Recipe | undefined {
  if (entity === undefined) return undefined
  const service = (state: 'on' | 'off') =>
    [
      `alias: guardian ${label} ${state}`,
      'sequence:',
      `  - action: switch.turn_${state}`,
      '    target:',
      `      entity_id: ${entity}`,
    ].join('\n')
  return {
    name: 'Home Assistant',
    about: 'Takes its power away through a plug or switch that Home Assistant knows.',
    paste: service('off'),
    undo: service('on'),
    request: { method: 'POST', path: '/api/services/switch/turn_off', body: { entity_id: entity } },
  }
}

/** Only what any shell and any section of uci takes as one plain word. */
function labelOf(name: string): string {
  return (
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replaceAll(/^_+|_+$/g, '')
      .slice(0, 30) || 'device'
  )
}

function readMac(text: string): string {
  if (/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return text.toLowerCase().replaceAll('-', ':')
  throw new InputError(`A MAC address is six pairs such as 02:00:5e:10:00:01, not ${JSON.stringify(text)}`)
}

function readEntity(text: string): string {
  if (/^switch\.[a-z0-9_]{1,200}$/.test(text)) return text
  throw new InputError(`An entity is a name such as switch.camera_plug, not ${JSON.stringify(text)}`)
}

const DOMAIN = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

function readPeer(text: string): Peer {
  const name = text.toLowerCase().replace(/\.$/, '')
  if (DOMAIN.test(name)) return { kind: 'domain', text: name }
  return { kind: 'address', text: readAddress(text) }
}
