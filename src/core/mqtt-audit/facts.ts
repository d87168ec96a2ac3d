/**
 * What a look at an MQTT broker from outside found; nothing was written to it. Undefined: it could not be looked at, and nothing is said of it.
 * Payloads never become facts, only what kind of thing they held.
 */

/** As whom the broker was looked at. */
export type Identity = 'anonymous' | 'given'

export interface CertificateFacts {
  readonly validToMicros: number
  /** Whether the authorities that were given, or the system's, vouch for it; else why not. */
  readonly fault: string | undefined
}

export interface SecretFact {
  readonly topic: string
  /** 'password', 'token', 'private key', … */
  readonly kind: string
}

export interface BrokerFacts {
  /** As in `mqtts://broker.lan:8883`; without credentials. */
  readonly address: string
  readonly atMicros: number
  readonly identity: Identity
  readonly isTls: boolean
  readonly certificate?: CertificateFacts
  /** Of SSLv3, TLSv1, TLSv1.1, those that were spoken. */
  readonly oldTlsVersions?: readonly string[]
  /** Suites without forward secrecy or authenticated encryption that were agreed on. */
  readonly weakCiphers?: readonly string[]
  /** Whether a client without user and password came in. */
  readonly anonymousConnects?: boolean
  /** Topics that one without credentials heard through `#`. */
  readonly anonymousHeard?: readonly string[]
  /** Topics heard through `#` that are not the identity's own. */
  readonly foreignHeard?: readonly string[]
  /** Topics of others heard through `$share/…/#` where `#` showed none. */
  readonly sharedHeard?: readonly string[]
  readonly sysHeard?: readonly string[]
  /** As $SYS says it: `mosquitto version 2.0.11`. */
  readonly version?: string
  readonly secrets?: readonly SecretFact[]
  /** Topics of people's places: OwnTracks and the like. */
  readonly places?: readonly string[]
  /** User names of well-known credentials, or users without a password, that came in. */
  readonly defaultCredentials?: readonly string[]
  /** Wrong passwords tried one after the other, and whether the last was still answered like the first. */
  readonly guesses?: { readonly tried: number; readonly slowedOrStopped: boolean }
  /** Whether another identity with the same client id ended the first one's connection. */
  readonly clientIdTakenOver?: boolean
  /** Client ids with wildcards that came in. */
  readonly strangeClientIds?: readonly string[]
  /** Whether a will on a foreign topic was accepted at connect (it was taken back before it was due). */
  readonly foreignWillAccepted?: boolean
  /** Command topics of locks, doors, alarms that the identity could see. */
  readonly lockTopics?: readonly string[]
  /** Of those, the ones that the broker's own rules let the identity write; undefined when its rules are not known. */
  readonly writableLockTopics?: readonly string[]
  /** 16 MiB when it waited for a packet so large, of which nothing was sent; 0 when it ended the connection instead. */
  readonly maxPacketBytes?: number
  /** Seconds that a connection stayed open without a word, and whether it was still open at the end. */
  readonly silent?: { readonly seconds: number; readonly stillOpen: boolean }
}
