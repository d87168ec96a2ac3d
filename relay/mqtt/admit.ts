/** Who may connect to the embedded broker, and as what: ids, will and credentials of a CONNECT. */
import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { deviceId } from '#core/device/wire.ts'
import { deviceGrants, type Grants, mayPublish } from './acl.ts'
import type { BrokerPorts } from './broker.ts'
import { MAX_RETAINED_BYTES } from './device.ts'
import type { Guesses } from './guesses.ts'
import type { RefusalReason } from './refusals.ts'

/** CONNACK codes of MQTT 3.1.1 §3.2.2.3. */
const CODE = { identifier: 2, unavailable: 3, credentials: 4, notAuthorized: 5 } as const

const MAX_CLIENT_ID_CHARACTERS = 128

export interface Asked {
  readonly device: string
  readonly client: string
  readonly clean: boolean
  readonly will: { readonly topic: string; readonly payload: unknown } | undefined
  readonly password: Buffer | undefined
  readonly address: string
}

export class Refused extends Error {
  override name = 'Refused' as const
  readonly reason: RefusalReason
  readonly returnCode: number
  constructor(reason: RefusalReason, returnCode: number, message: string) {
    super(message)
    this.reason = reason
    this.returnCode = returnCode
  }
}

/**
 * The name of the session within the broker. It begins with the device's id, which holds no slash: whatever client id a device states, it cannot take
 * over another one's session.
 */
export function sessionName(device: string, client: string): string {
  return `${device}/${client === '' ? randomUUID() : client}`
}

/** Resolves to what the device may do; rejects with `Refused`. */
export async function admit(asked: Asked, ports: BrokerPorts, guesses: Guesses, nowMs: number): Promise<Grants> {
  const { device, client, clean, will, password, address } = asked
  if (!v.is(deviceId, device))
    throw new Refused('bad-device-id', CODE.credentials, 'The user name is the id of a device')
  if (client === '' && !clean)
    throw new Refused('bad-client-id', CODE.identifier, 'A session that is to be kept has a client id')
  if (client.length > MAX_CLIENT_ID_CHARACTERS || /[+#/\p{Cc}\p{Cs}\ufffd]/u.test(client))
    throw new Refused('bad-client-id', CODE.identifier, 'A client id has no + # / nor control characters')
  // An empty password is none (CVE-2018-12551: a blank line was a user without one).
  if (password === undefined || password.length === 0)
    throw new Refused('bad-credentials', CODE.credentials, 'A device connects with its password')
  if (guesses.tooMany(address, device, nowMs))
    throw new Refused('too-many-guesses', CODE.notAuthorized, 'Too many wrong passwords; try again in a minute')
  let known: boolean
  let grants: Grants
  try {
    known = await ports.identify(device, password.toString('utf8'))
    const named = known ? ((await ports.announces?.(device)) ?? []) : []
    const more = known ? ((await ports.reads?.(device)) ?? []) : []
    const own = deviceGrants(device, named)
    grants = { write: own.write, read: [...own.read, ...more] }
  } catch {
    throw new Refused('not-committed', CODE.unavailable, 'The store cannot say now who the device is')
  }
  if (!known) {
    guesses.wrong(address, device, nowMs)
    throw new Refused('bad-credentials', CODE.credentials, 'The password is not the one of the device')
  }
  // The will obeys the rule of every message (GHSA-4cmx-hrq9-c23p), and is asked again when it is due.
  if (will && !(mayPublish(grants, will.topic) && sizeOf(will.payload) <= MAX_RETAINED_BYTES))
    throw new Refused('will-denied', CODE.notAuthorized, 'The will is a message that the device may write')
  return grants
}

function sizeOf(payload: unknown): number {
  return payload instanceof Uint8Array ? payload.length : typeof payload === 'string' ? Buffer.byteLength(payload) : 0
}
