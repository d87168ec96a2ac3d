/**
 * Lets many QoS 1 messages of an MQTT.js client be on their way to the store at once, each acknowledged after its own commit. MQTT.js takes the next message
 * only when the last one is answered (5.16.0, handlers/publish.js): one commit at a time would be a few hundred messages a second.
 */
import type { IPublishPacket, MqttClient, Packet } from 'mqtt'

/** The only way to an acknowledgement of one's own time; the contract suite notices when a new version goes another way. */
const SEND = '_sendPacket'
type Send = (packet: Packet, done?: (error?: Error) => void, ...rest: unknown[]) => unknown

type Take = (topic: string, payload: Uint8Array) => Promise<void>

/** `failed` is called once for each connection on which a message could not be taken; it will come again after a new connection. */
export function acknowledgeLate(client: MqttClient, take: Take, failed: () => void): void {
  const taken = new Map<number, Promise<void>>()
  let connection = 0
  let broken = false
  client.on('connect', () => {
    connection++
    broken = false
    // Numbers belong to a connection: what the last one did not answer comes again under new ones.
    taken.clear()
  })
  client.handleMessage = (packet: IPublishPacket, done) => {
    const work = take(packet.topic, Buffer.from(packet.payload))
    const on = connection
    work.catch(() => {
      if (on !== connection || broken) return
      broken = true
      failed()
    })
    if (packet.qos === 1 && packet.messageId !== undefined) taken.set(packet.messageId, work)
    done()
  }
  const send: Send = client[SEND].bind(client)
  const sendLate: Send = (packet, done, ...rest) => {
    const work = packet.cmd === 'puback' && packet.messageId !== undefined ? taken.get(packet.messageId) : undefined
    if (work === undefined) return send(packet, done, ...rest)
    done?.()
    const on = connection
    work.then(
      () => {
        if (on !== connection || broken) return
        if (packet.messageId !== undefined) taken.delete(packet.messageId)
        send(packet)
      },
      () => {},
    )
    return client
  }
  client[SEND] = sendLate
}
