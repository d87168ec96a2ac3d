/** A thing on the network as a scan saw it, and what was noticed about it that is no alarm. */
export interface Device {
  /** `mac:aa:bb:…`, else `ip:…`; `table` when the source has no addresses. */
  readonly id: string
  /** Best known: a name it gave itself (DHCP, mDNS), else vendor and kind, else its address. */
  readonly name: string
  readonly nameFrom: 'dhcp' | 'mdns' | 'ssdp' | 'dns' | 'vendor' | 'address' | 'table' | 'group'
  readonly mac: string | undefined
  /** Set when the MAC is locally administered, hence has no maker. */
  readonly randomMac: boolean
  readonly vendor: string | undefined
  /** A guess from what it announces and does (camera, printer, gateway …); undefined when unsure. */
  readonly kind: string | undefined
  readonly addresses: readonly string[]
  readonly firstMicros: number
  readonly lastMicros: number
  readonly flows: number
  readonly bytesOut: number
  readonly bytesIn: number
  /** Whom it talks to, most bytes first, at most 50; `peerCount` has them all. */
  readonly peers: readonly Peer[]
  readonly peerCount: number
}

export interface Peer {
  readonly address: string
  /** From DNS answers, TLS SNI or HTTP Host seen in the capture. */
  readonly name: string | undefined
  readonly flows: number
  readonly bytes: number
  readonly firstMicros: number
  readonly lastMicros: number
}

/** Worth knowing, not worth an alarm. */
export interface Note {
  readonly id: string
  readonly kind: 'new-device' | 'device-silent'
  readonly device: string
  readonly startMicros: number
  readonly endMicros: number
  readonly text: string
}

/** Something a packet said about who is who; packet/ makes them, device/inventory.ts collects them. */
export type Sighting =
  /** A frame from this MAC carried this source address (deduplicated by the sender). */
  | { readonly kind: 'address'; readonly micros: number; readonly mac: string; readonly address: string }
  /** A device named itself. */
  | {
      readonly kind: 'name'
      readonly micros: number
      readonly mac: string | undefined
      readonly address: string | undefined
      readonly name: string
      readonly from: 'dhcp' | 'mdns' | 'ssdp'
    }
  /** A hint of what it is: DHCP vendor class, SSDP server, mDNS service type, HTTP user agent, JA4. */
  | {
      readonly kind: 'hint'
      readonly micros: number
      readonly mac: string | undefined
      readonly address: string | undefined
      readonly from:
        | 'dhcp-vendor'
        | 'ssdp-server'
        | 'mdns-service'
        | 'user-agent'
        | 'ja4'
        | 'mqtt-client'
        | 'mqtt-topic'
      readonly text: string
    }
  /** An outside address has a name: DNS answer, TLS SNI, HTTP Host. */
  | {
      readonly kind: 'host'
      readonly micros: number
      readonly address: string
      readonly name: string
      readonly from: 'dns' | 'sni' | 'http'
    }
  /** Given the address by DHCP: mac -> address, and which address is the router. */
  | { readonly kind: 'router'; readonly micros: number; readonly address: string }
