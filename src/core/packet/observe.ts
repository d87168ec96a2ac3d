/** Reads what packets say about who is who, metadata only: by port for UDP, by the first bytes for TCP. */
import { formatIpv4, formatIpv6 } from './address.ts'
import { readDhcp } from './dhcp.ts'
import { DNS_TYPE, type DnsMessage, type DnsRecord, readDataName, readDns, readIpv6Words } from './dns.ts'
import { HelloStore } from './hello-store.ts'
import { readHead } from './http.ts'
import { readMqtt } from './mqtt.ts'
import { KEY, type Packet, readI32, readU16 } from './packet.ts'
import { destinationAddress, Sightings, sourceAddress, sourceMac } from './sightings.ts'
import { isClientHello } from './tls.ts'

const PORT = { dns: 53, dhcpServer: 67, dhcpClient: 68, ssdp: 1900, mqtt: 1883, mdns: 5353 } as const
const UDP = 17
const TCP = 6

export class Observer {
  readonly sightings = new Sightings()
  readonly #hellos = new HelloStore()

  /** A packet that opened a flow or first answered in one: its MAC and address belong together. */
  noteAddress(packet: Packet): void {
    this.sightings.addSource(packet)
  }

  /** RFC 826: the sender's own statement of its two addresses. */
  noteArp(packet: Packet): void {
    const { bytes, arpAt: at } = packet
    if (packet.end - at < 28) {
      packet.weirds.add('truncated-arp')
      return
    }
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
      if (source === PORT.dns) this.#noteAnswers(packet, readDns(bytes, at, end))
    } else if (has(PORT.mdns)) {
      this.#noteMulticastDns(packet, readDns(bytes, at, end), end)
    } else if (has(PORT.ssdp)) {
      this.#noteSsdp(packet, end)
    } else {
      this.#noteDhcp(packet, end)
    }
  }

  #noteSegment(packet: Packet, destination: number): void {
    const { bytes, at } = packet
    const end = Math.min(packet.end, packet.payloadEnd)
    const found = this.#hellos.read(packet, end)
    if (found !== undefined) {
      const { serverName, ja4 } = found
      if (serverName !== undefined) this.#addHost(packet, serverName, 'sni')
      if (ja4 !== undefined) this.sightings.addHint(packet, 'ja4', ja4)
    } else if (destination === PORT.mqtt) {
      for (const note of readMqtt(bytes, at, end)) {
        this.sightings.addHint(packet, note.kind === 'client' ? 'mqtt-client' : 'mqtt-topic', note.text)
      }
    } else if (!isClientHello(bytes, at, end)) {
      this.#noteRequest(packet, end)
    }
  }

  #noteRequest(packet: Packet, end: number): void {
    const request = readHead(packet.bytes, packet.at, end)
    if (request === undefined) return
    const host = request.headers.get('host')
    const agent = request.headers.get('user-agent')
    if (host !== undefined) this.#addHost(packet, host.replace(/:\d+$/, ''), 'http')
    if (agent !== undefined) this.sightings.addHint(packet, 'user-agent', agent)
  }

  /** The name asked for is what people know, not the one at the end of a chain of aliases. */
  #noteAnswers(packet: Packet, message: DnsMessage | undefined): void {
    if (message === undefined) {
      packet.weirds.add('bad-dns')
      return
    }
    if (!message.isResponse) return
    for (const record of message.records) {
      const address = recordAddress(packet.bytes, record)
      if (address === undefined) continue
      this.sightings.addHost({
        micros: packet.micros,
        address,
        name: message.question ?? record.name,
        from: 'dns',
      })
    }
  }

  #noteMulticastDns(packet: Packet, message: DnsMessage | undefined, end: number): void {
    if (message === undefined) {
      packet.weirds.add('bad-mdns')
      return
    }
    if (!message.isResponse) return
    const { micros, bytes } = packet
    for (const record of message.records) {
      const address = recordAddress(bytes, record)
      if (address !== undefined) {
        // A proxy may answer for a sleeping device: then the MAC is not the device's.
        const mac = address === sourceAddress(packet) ? sourceMac(packet) : undefined
        this.sightings.addName({ micros, mac, address, name: record.name.replace(/\.local$/i, ''), from: 'mdns' })
      } else if (record.type === DNS_TYPE.ptr) {
        const target = readDataName({ bytes, start: packet.at, end }, record)
        const service = /(_[\w-]+\._(?:tcp|udp))\.local$/i.exec(target ?? '')?.[1]
        if (service !== undefined) this.sightings.addHint(packet, 'mdns-service', service)
      }
    }
  }

  #noteSsdp(packet: Packet, end: number): void {
    const head = readHead(packet.bytes, packet.at, end, { responses: true })
    if (head === undefined) return
    const server = head.headers.get('server')
    const agent = head.headers.get('user-agent')
    if (server !== undefined) this.sightings.addHint(packet, 'ssdp-server', server)
    if (agent !== undefined) this.sightings.addHint(packet, 'user-agent', agent)
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
    if (vendorClass !== undefined) this.sightings.addHint(packet, 'dhcp-vendor', vendorClass)
  }

  #addHost(packet: Packet, name: string, from: 'sni' | 'http'): void {
    if (!/[a-z]/i.test(name) || name.includes(':')) return // An address tells nothing new.
    this.sightings.addHost({ micros: packet.micros, address: destinationAddress(packet), name, from })
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

function recordAddress(bytes: Uint8Array, record: DnsRecord): string | undefined {
  const { type, dataAt, dataEnd } = record
  if (type === DNS_TYPE.a && dataEnd - dataAt === 4) return formatIpv4(readI32(bytes, dataAt))
  if (type === DNS_TYPE.aaaa && dataEnd - dataAt === 16) return formatIpv6(readIpv6Words(bytes, dataAt), 0)
  return undefined
}
