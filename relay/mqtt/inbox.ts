/** What is done with a message of a device, whichever broker it came over: flow records are stored, announcements name devices. */
import type { BrokerPorts } from './broker.ts'
import { isDiscovery, readDiscovery } from './discovery.ts'
import { readFlowMessage } from './flow-message.ts'
import type { Refusals } from './refusals.ts'

export interface Inbox {
  readonly counts: { messages: number; records: number; uncommitted: number }
  /** Resolves when what the message says is committed; rejects when that failed, and then nothing may be acknowledged. */
  take(device: string, topic: string, payload: Uint8Array): Promise<void>
}

export function createInbox(ports: Pick<BrokerPorts, 'ingest' | 'named'>, refusals: Refusals): Inbox {
  const counts = { messages: 0, records: 0, uncommitted: 0 }

  async function takeFlow(device: string, payload: Uint8Array): Promise<void> {
    const message = readFlowMessage(payload)
    if ('fault' in message) {
      refusals.add(device, 'malformed-flow', message.fault)
      return
    }
    try {
      await ports.ingest(device, message.records, 'mqtt')
    } catch (error) {
      counts.uncommitted++
      refusals.add(device, 'not-committed', 'The store did not take the records; they were not acknowledged')
      throw error
    }
    counts.records += message.records.length
  }

  function takeAnnouncement(device: string, topic: string, payload: Uint8Array): void {
    const announced = readDiscovery(topic, payload)
    if (announced === undefined)
      refusals.add(device, 'malformed-discovery', `A message on ${topic} is a JSON announcement of devices`)
    for (const { id, ...named } of announced ?? []) ports.named?.(device, id, named)
  }

  return {
    counts,
    async take(device, topic, payload) {
      counts.messages++
      if (topic === `guardian/${device}/flow`) await takeFlow(device, payload)
      else if (isDiscovery(topic)) takeAnnouncement(device, topic, payload)
    },
  }
}
