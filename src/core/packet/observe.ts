/** Reads what packets say about who is who, metadata only: by port for UDP, by the first bytes for TCP. */
import { Tally } from '../base/tally.ts'
import { formatIpv4, formatIpv6 } from './address.ts'
import { readDhcp } from './dhcp.ts'
import { DNS_TYPE, type DnsMessage, type DnsRecord, readDns, readName } from './dns.ts'
import { type HelloPlace, HelloStore } from './hello-store.ts'
import { readDiscovery, readRequest } from './http.ts'
import { Ja4 } from './ja4.ts'
import { readMqtt } from './mqtt.ts'
import { KEY, type Packet, readI32, readU16 } from './packet.ts'
import { Repeats } from './repeats.ts'
import { Sightings, sourceAddress, sourceMac } from './sightings.ts'
import { isClientHello, readClientHello } from './tls.ts'

const PORT = { dns: 53, dhcpServer: 67, dhcpClient: 68, ssdp: 1900, mqtt: 1883, mdns: 5353 } as const
const UDP = 17
const TCP = 6

export class Observer {
  readonly sightings = new Sightings()
  /** Malformed messages in packets that are used all the same. */
  readonly weirds = new Tally()
  readonly #hellos = new HelloStore()
  readonly #ja4 = new Ja4()
  readonly #repeats = new Repeats()
  /** The address of the record at hand. */
  readonly #words = new Int32Array(4)

  /** A packet that opened a flow or first answered in one: its MAC and address belong together. */
  noteAddress(packet: Packet): void {
    this.sightings.addSource(packet)
  }

  /** RFC 826: the sender's own statement of its two addresses. */
  noteArp(packet: Packet): void {
    const { bytes, arpAt: at } = packet
    const isIpv4OverEthernet = readU16(bytes, at) === 1 && readI32(bytes, at + 2) === 0x08000604
    if (isIpv4OverEthernet) this.sightings.addStated(packet, at + 8, at + 14)
  }

  /** Called for each packet with payload, so what is of no interest must be seen quickly. */
  notePayload(packet: Packet): void {
    const ports = packet.key[KEY.ports]!
    const source = ports >>> 16
    const destination = ports & 0xffff
    if (packet.protocol === UDP) {
      if (isNotedPort(source) || isNotedPort(destination)) this.#noteDatagram(packet, source, destination)
      return
    }
    if (packet.protocol !== TCP || packet.at >= packet.end) return
    const first = packet.bytes[packet.at]!
    if (this.#hellos.waiting > 0 || first === 22 || destination === PORT.mqtt || (first >= 0x41 && first <= 0x5a)) {
      this.#noteSegment(packet, destination)
    }
  }

  #noteDatagram(packet: Packet, source: number, destination: number): void {
    const { bytes, at } = packet
    const end = Math.min(packet.end, packet.payloadEnd)
    const has = (port: number) => source === port || destination === port
    if (has(PORT.dns)) {
      // The first two bytes are the question's number.
      if (source !== PORT.dns || this.#repeats.has(packet, PORT.dns, at + 2, end)) return
      this.#noteAnswers(packet, readDns(bytes, at, end), end)
    } else if (has(PORT.mdns)) {
      if (this.#repeats.has(packet, PORT.mdns, at, end)) return
      this.#noteMulticastDns(packet, readDns(bytes, at, end), end)
    } else if (has(PORT.ssdp)) {
      if (!this.#repeats.has(packet, PORT.ssdp, at, end)) this.#noteSsdp(packet, end)
    } else {
      this.#noteDhcp(packet, end)
    }
  }

  #noteSegment(packet: Packet, destination: number): void {
    const { bytes, at } = packet
    const end = Math.min(packet.end, packet.payloadEnd)
    const hello = this.#hellos.find(packet, end)
    if (hello !== undefined) {
      this.#noteHello(packet, hello)
    } else if (destination === PORT.mqtt) {
      for (const [kind, textAt, textEnd] of readMqtt(bytes, at, end)) {
        this.sightings.addHint(packet, kind === 'client' ? 'mqtt-client' : 'mqtt-topic', textAt, textEnd)
      }
    } else if (!isClientHello(bytes, at, end)) {
      this.#noteRequest(packet, end)
    }
  }

  #noteHello(packet: Packet, place: HelloPlace): void {
    const { bytes } = place
    const hello = readClientHello(bytes, place.at, place.end)
    if (hello === undefined) {
      this.weirds.add('bad-tls-hello')
      return
    }
    if (hello.whole) this.sightings.addHintText(packet, 'ja4', this.#ja4.read(bytes, hello))
    if (hello.serverNameAt < 0) return
    this.sightings.addHost({
      micros: packet.micros,
      from: 'sni',
      words: packet.key,
      wordsAt: KEY.destination,
      bytes,
      at: hello.serverNameAt,
      end: hello.serverNameEnd,
    })
  }

  #noteRequest(packet: Packet, end: number): void {
    const { bytes, micros, key } = packet
    const head = readRequest(bytes, packet.at, end)
    if (head === undefined) return
    if (head.agentAt >= 0) this.sightings.addHint(packet, 'user-agent', head.agentAt, head.agentEnd)
    if (head.hostAt < 0) return
    this.sightings.addHost({
      micros,
      from: 'http',
      words: key,
      wordsAt: KEY.destination,
      bytes,
      at: head.hostAt,
      end: head.hostEnd,
    })
  }

  /** The name asked for is what people know, not the one at the end of a chain of aliases. */
  #noteAnswers(packet: Packet, message: DnsMessage | undefined, end: number): void {
    if (message === undefined) {
      this.#repeats.forget()
      this.weirds.add('bad-dns')
      return
    }
    const { bytes, at: start, micros } = packet
    const words = this.#words
    for (const record of message.records) {
      if (!readAddress(bytes, record, words)) continue
      const asked = message.questionAt >= 0
      const nameAt = asked ? message.questionAt : record.nameAt
      this.sightings.addHost({
        micros,
        from: 'dns',
        words,
        wordsAt: 0,
        bytes,
        at: nameAt,
        end: asked ? message.questionEnd : record.dataEnd,
        read: () => readName(bytes, start, end, nameAt) ?? '',
      })
    }
  }

  #noteMulticastDns(packet: Packet, message: DnsMessage | undefined, end: number): void {
    if (message === undefined) {
      this.#repeats.forget()
      this.weirds.add('bad-mdns')
      return
    }
    const { micros, bytes, at: start } = packet
    const words = this.#words
    for (const record of message.records) {
      if (!isNoted(record.type) || !this.sightings.isNewRecord(packet, record, end)) continue
      if (readAddress(bytes, record, words)) {
        const address = record.type === DNS_TYPE.a ? formatIpv4(words[0]!) : formatIpv6(words, 0)
        const name = readName(bytes, start, end, record.nameAt)?.replace(/\.local$/i, '')
        // A proxy may answer for a sleeping device: then the MAC is not the device's.
        const mac = address === sourceAddress(packet) ? sourceMac(packet) : undefined
        if (name !== undefined) this.sightings.addName({ micros, mac, address, name, from: 'mdns' })
      } else {
        const target = readName(bytes, start, end, record.dataAt) ?? ''
        const service = /(_[\w-]+\._(?:tcp|udp))\.local$/i.exec(target)?.[1]
        if (service !== undefined) this.sightings.addHintText(packet, 'mdns-service', service)
      }
    }
  }

  #noteSsdp(packet: Packet, end: number): void {
    const head = readDiscovery(packet.bytes, packet.at, end)
    if (head === undefined) return
    if (head.serverAt >= 0) this.sightings.addHint(packet, 'ssdp-server', head.serverAt, head.serverEnd)
    if (head.agentAt >= 0) this.sightings.addHint(packet, 'user-agent', head.agentAt, head.agentEnd)
  }

  #noteDhcp(packet: Packet, end: number): void {
    const message = readDhcp(packet.bytes, packet.at, end)
    if (message === undefined) return
    const { mac, address, hostName, vendorClass, router } = message
    const { micros } = packet
    if (message.fromServer) {
      if (address !== undefined) this.sightings.addGiven(micros, mac, address)
      if (router !== undefined) this.sightings.addRouter(micros, router)
      return
    }
    if (hostName !== undefined) this.sightings.addName({ micros, mac, address, name: hostName, from: 'dhcp' })
    if (vendorClass !== undefined) this.sightings.addHintText(packet, 'dhcp-vendor', vendorClass)
  }
}

function isNotedPort(port: number): boolean {
  return (
    port === PORT.dns ||
    port === PORT.mdns ||
    port === PORT.ssdp ||
    port === PORT.dhcpServer ||
    port === PORT.dhcpClient
  )
}

function isNoted(type: number): boolean {
  return type === DNS_TYPE.a || type === DNS_TYPE.aaaa || type === DNS_TYPE.ptr
}

/** Writes an A or AAAA record's address; false for other records. */
function readAddress(bytes: Uint8Array, record: DnsRecord, words: Int32Array): boolean {
  const { type, dataAt, dataEnd } = record
  const isIpv4 = type === DNS_TYPE.a && dataEnd - dataAt === 4
  if (!isIpv4 && !(type === DNS_TYPE.aaaa && dataEnd - dataAt === 16)) return false
  words[0] = readI32(bytes, dataAt)
  for (let word = 1; word < 4; word++) words[word] = isIpv4 ? 0 : readI32(bytes, dataAt + 4 * word)
  return true
}
