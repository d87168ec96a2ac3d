/**
 * Sessions and retained messages of the embedded broker, in memory and bounded: what a device can make the relay keep has an end. They are lost with the
 * relay's process, as MQTT allows a server (3.1.1 §3.1.2.4); records are in the store before they are acknowledged.
 */
import memory from 'aedes-persistence'

/** Messages that wait for one session whose device is away. */
export const MAX_QUEUED = 200

interface Named {
  readonly id: string
}
interface Subscribed {
  readonly topic: string
}
interface Numbered {
  readonly messageId?: number | undefined
}

/** The part of the store's methods that is used here; without a callback each returns a promise, which its types leave out. */
interface Stores {
  addSubscriptions(client: Named, subscriptions: readonly Subscribed[]): Promise<void>
  outgoingEnqueueCombi(sessions: readonly { clientId: string }[], packet: unknown): Promise<void>
  outgoingClearMessageId(client: Named, packet: Numbered): Promise<unknown>
  incomingGetPacket(client: Named, packet: Numbered): Promise<unknown>
}

export interface BoundedPersistence {
  /** For Aedes. */
  readonly stores: object
  /** Whether the QoS 2 message is one that was taken already and whose PUBREL has not come (MQTT 3.1.1 §4.3.3). */
  isDuplicate(client: Named, packet: Numbered): Promise<boolean>
}

export function createPersistence(granted: (session: string, filter: string) => boolean): BoundedPersistence {
  const stores = memory() as unknown as Stores
  const queued = new Map<string, number>()
  const add = stores.addSubscriptions.bind(stores)
  const enqueue = stores.outgoingEnqueueCombi.bind(stores)
  const clear = stores.outgoingClearMessageId.bind(stores)
  // Aedes hands over all filters of a SUBSCRIBE, those it refused too (1.2.0, lib/handlers/subscribe.js), and restores them unasked later.
  stores.addSubscriptions = (client, subscriptions) =>
    add(
      client,
      subscriptions.filter(({ topic }) => granted(client.id, topic)),
    )
  stores.outgoingEnqueueCombi = (sessions, packet) => {
    const open = sessions.filter(({ clientId }) => (queued.get(clientId) ?? 0) < MAX_QUEUED)
    for (const { clientId } of open) queued.set(clientId, (queued.get(clientId) ?? 0) + 1)
    return enqueue(open, packet)
  }
  stores.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet)
    const left = (queued.get(client.id) ?? 0) - 1
    if (cleared !== undefined && left > 0) queued.set(client.id, left)
    else if (cleared !== undefined) queued.delete(client.id)
    return cleared
  }
  return {
    stores,
    isDuplicate: (client, packet) =>
      stores.incomingGetPacket(client, packet).then(
        () => true,
        () => false,
      ),
  }
}
