/** The twenty checks of a broker, one row each: what is asked of the facts, and what to do. Sources: OASIS MQTT 5.0 §5, MQTT 3.1.1 §5, CVEs as named. */
import type { Severity } from '../alert/severity.ts'
import type { BrokerFacts } from './facts.ts'
import { findFlaws, parseVersion } from './flaws.ts'

export interface Judgement {
  readonly status: 'pass' | 'fail' | 'unknown'
  /** What was seen, in one sentence. */
  readonly evidence: string
}

export interface Check {
  readonly id: string
  readonly title: string
  /** When it fails. */
  readonly severity: Severity
  readonly advice: string
  readonly judge: (facts: BrokerFacts) => Judgement
}

const pass = (evidence: string): Judgement => ({ status: 'pass', evidence })
const fail = (evidence: string): Judgement => ({ status: 'fail', evidence })
const unknown = (evidence: string): Judgement => ({ status: 'unknown', evidence })

/** Enough for any record of a device, and little for a broker. */
export const LARGE_PACKET_BYTES = 16 * 2 ** 20
const SOON_MICROS = 14 * 86_400e6
const SHOWN = 3

/** `a, b, c and 4 more`. */
function some(list: readonly string[]): string {
  const more = list.length - SHOWN
  return list.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** Fails when the list is known and not empty. */
function none(
  list: readonly string[] | undefined,
  { bad, good, notSeen }: { bad: (shown: string) => string; good: string; notSeen: string },
): Judgement {
  if (list === undefined) return unknown(notSeen)
  return list.length > 0 ? fail(bad(some(list))) : pass(good)
}

export const CHECKS: readonly Check[] = [
  {
    id: 'anonymous',
    title: 'Clients without credentials come in',
    severity: 'critical',
    advice: 'Require a user and password of each client (Mosquitto: allow_anonymous false and a password_file).',
    judge: ({ anonymousConnects }) =>
      anonymousConnects === undefined
        ? unknown('It could not be tried without credentials.')
        : anonymousConnects
          ? fail('A connection without user and password was accepted.')
          : pass('A connection without user and password was refused.'),
  },
  {
    id: 'anonymous-reads',
    title: 'Anyone can listen to all topics',
    severity: 'critical',
    advice: 'Let no anonymous client subscribe; name for each user the topics it needs.',
    judge: ({ anonymousConnects, anonymousHeard }) =>
      anonymousConnects === false
        ? pass('Nobody comes in without credentials.')
        : none(anonymousHeard, {
            bad: (shown) => `Without credentials # brought ${shown}.`,
            good: 'Without credentials # brought nothing.',
            notSeen: 'It could not be tried without credentials.',
          }),
  },
  {
    id: 'wildcard-subscribe',
    title: 'One client can listen to the topics of all others',
    severity: 'high',
    advice:
      'Give each user the filters of its own topics only (Mosquitto: acl_file with pattern readwrite guardian/%u/#).',
    judge: ({ foreignHeard }) =>
      none(foreignHeard, {
        bad: (shown) => `Subscribed to #, it heard ${shown}.`,
        good: 'Subscribed to #, it heard no topic of others.',
        notSeen: 'No subscription could be tried.',
      }),
  },
  {
    id: 'share-bypass',
    title: 'A shared subscription shows what a plain one hides',
    severity: 'high',
    advice: 'Update the broker; hold $share/<group>/<filter> to the rule of <filter>.',
    judge: ({ sharedHeard }) =>
      none(sharedHeard, {
        bad: (shown) => `Through $share it heard ${shown}, which # did not show.`,
        good: 'Through $share it heard nothing that # did not show.',
        notSeen: 'The broker takes no shared subscriptions, or none could be tried.',
      }),
  },
  {
    id: 'sys-readable',
    title: "The broker's own figures can be read by clients",
    severity: 'low',
    advice:
      'Let only those who run the broker read $SYS/#: it tells versions, numbers of clients, sometimes their names.',
    judge: ({ sysHeard }) =>
      none(sysHeard, {
        bad: (shown) => `It heard ${shown}.`,
        good: 'Nothing under $SYS was heard.',
        notSeen: 'No subscription could be tried.',
      }),
  },
  {
    id: 'outdated',
    title: 'The version has known flaws',
    severity: 'high',
    advice: 'Update the broker.',
    judge: ({ version }) => {
      if (version === undefined) return unknown('The broker does not tell its version, which is right.')
      const parsed = parseVersion(version)
      if (!parsed) return unknown(`"${version}" is not a version that is known here.`)
      const flaws = findFlaws(parsed)
      return flaws.length > 0 ? fail(`${version} has ${some(flaws)}.`) : pass(`No flaw of ${version} is known here.`)
    },
  },
  {
    id: 'retained-secrets',
    title: 'Secrets lie in retained messages',
    severity: 'critical',
    advice: 'Publish an empty retained message to these topics, then change the secrets: whoever listened has them.',
    judge: ({ secrets }) =>
      none(
        secrets?.map(({ topic, kind }) => `${topic} (${kind})`),
        {
          bad: (shown) => `Seen in ${shown}.`,
          good: 'No retained message that was heard looks like a secret.',
          notSeen: 'No retained message could be read.',
        },
      ),
  },
  {
    id: 'retained-places',
    title: 'Places of people lie in retained messages',
    severity: 'medium',
    advice: 'Let only the one app that needs them read these topics, and do not retain them.',
    judge: ({ places }) =>
      none(places, {
        bad: (shown) => `Seen in ${shown}.`,
        good: 'No retained message that was heard tells where someone is.',
        notSeen: 'No retained message could be read.',
      }),
  },
  {
    id: 'no-tls',
    title: 'What is sent can be read on the way',
    severity: 'high',
    advice: 'Offer mqtts (8883) with a certificate and close the plain port to other machines.',
    judge: ({ isTls, address }) =>
      isTls
        ? pass(`${address} is encrypted.`)
        : fail(`${address} speaks MQTT without TLS; passwords too are sent as they are.`),
  },
  {
    id: 'old-tls',
    title: 'Old versions of TLS are spoken',
    severity: 'medium',
    advice: 'Allow TLS 1.2 and 1.3 only (Mosquitto: tls_version tlsv1.2).',
    judge: ({ isTls, oldTlsVersions }) =>
      none(isTls ? oldTlsVersions : undefined, {
        bad: (shown) => `It spoke ${shown}.`,
        good: 'It spoke nothing older than TLS 1.2.',
        notSeen: 'It is not reached over TLS.',
      }),
  },
  {
    id: 'weak-ciphers',
    title: 'Weak ciphers are agreed on',
    severity: 'medium',
    advice: 'Allow suites with ECDHE and AES-GCM or ChaCha20 only (Mosquitto: ciphers).',
    judge: ({ isTls, weakCiphers }) =>
      none(isTls ? weakCiphers : undefined, {
        bad: (shown) => `It agreed on ${shown}.`,
        good: 'It agreed on no suite without forward secrecy.',
        notSeen: 'It is not reached over TLS.',
      }),
  },
  {
    id: 'certificate',
    title: 'The certificate does not prove who answers',
    severity: 'medium',
    advice: 'Use a certificate for the name that clients use, from an authority that they know, and renew it in time.',
    judge: ({ isTls, certificate, atMicros }) => {
      if (!isTls || certificate === undefined) return unknown('It is not reached over TLS.')
      if (certificate.fault !== undefined) return fail(`It was not accepted: ${certificate.fault}.`)
      if (certificate.validToMicros - atMicros < SOON_MICROS)
        return fail(`It ends on ${new Date(certificate.validToMicros / 1000).toISOString().slice(0, 10)}.`)
      return pass('It was accepted and holds for at least two weeks.')
    },
  },
  {
    id: 'default-credentials',
    title: 'Well-known passwords, or none, open it',
    severity: 'critical',
    advice: 'Change these passwords.',
    judge: ({ anonymousConnects, defaultCredentials }) =>
      anonymousConnects
        ? unknown('Everybody comes in, whatever the password.')
        : none(defaultCredentials, {
            bad: (shown) => `Came in as ${shown}.`,
            good: 'None of the well-known credentials came in.',
            notSeen: 'They could not be tried.',
          }),
  },
  {
    id: 'guessing',
    title: 'Passwords can be guessed without end',
    severity: 'medium',
    advice: 'Put a limit before the broker (fail2ban on its log, or a firewall rule), and use long random passwords.',
    judge: ({ anonymousConnects, guesses }) => {
      if (guesses === undefined || anonymousConnects) return unknown('It could not be tried.')
      return guesses.slowedOrStopped
        ? pass(`Within ${guesses.tried} wrong passwords it slowed or stopped answering them.`)
        : fail(`${guesses.tried} wrong passwords in a row were each answered at once.`)
    },
  },
  {
    id: 'client-id-takeover',
    title: 'One client can throw out another by its client id',
    severity: 'high',
    advice: 'Bind client ids to users (Mosquitto: use_username_as_clientid true).',
    judge: ({ clientIdTakenOver }) =>
      clientIdTakenOver === undefined
        ? unknown('A second identity is needed to try it; none was given.')
        : clientIdTakenOver
          ? fail('Another identity with the same client id ended the first connection.')
          : pass('Another identity with the same client id left the first connection alone.'),
  },
  {
    id: 'strange-client-ids',
    title: 'Client ids made of wildcards are accepted',
    severity: 'medium',
    advice: 'Update the broker, and do not fill rules with client ids (CVE-2017-7650).',
    judge: ({ strangeClientIds }) =>
      none(strangeClientIds, {
        bad: (shown) => `It accepted ${shown}.`,
        good: 'It refused client ids with + or #.',
        notSeen: 'It could not be tried.',
      }),
  },
  {
    id: 'will-unchecked',
    title: 'A last will may go to any topic',
    severity: 'high',
    advice: 'Hold wills to the rule of every message; without rules for writing, make some.',
    judge: ({ foreignWillAccepted }) =>
      foreignWillAccepted === undefined
        ? unknown('It could not be tried.')
        : foreignWillAccepted
          ? fail('A will on a topic of nobody was accepted (and taken back).')
          : pass('A will on a topic of nobody was refused.'),
  },
  {
    id: 'lock-topics',
    title: 'Locks, doors or alarms obey whoever is connected',
    severity: 'critical',
    advice: 'Let only the controller write these topics.',
    judge: ({ lockTopics, writableLockTopics, identity, foreignWillAccepted }) => {
      if (writableLockTopics !== undefined)
        return writableLockTopics.length > 0
          ? fail(`The broker's rules let it write ${some(writableLockTopics)}.`)
          : pass("The broker's rules let it write no topic of a lock, door or alarm.")
      if (lockTopics === undefined) return unknown('No topics could be read.')
      if (lockTopics.length === 0) return pass('No command topic of a lock, door or alarm was seen.')
      // Nothing is written to find out. That a foreign will is accepted says that writing is not held to rules.
      if (foreignWillAccepted) return fail(`${some(lockTopics)} can be seen, and writing is not held to rules.`)
      return identity === 'anonymous' && foreignWillAccepted === undefined
        ? fail(`${some(lockTopics)} can be seen without credentials.`)
        : unknown(`${some(lockTopics)} can be seen; whether it may be written only the broker's rules say.`)
    },
  },
  {
    id: 'large-packets',
    title: 'One packet may fill the memory',
    severity: 'medium',
    advice: 'Limit packets (Mosquitto: max_packet_size 1048576; message_size_limit before 1.6).',
    judge: ({ maxPacketBytes }) => {
      if (maxPacketBytes === undefined) return unknown('It could not be tried.')
      return maxPacketBytes >= LARGE_PACKET_BYTES
        ? fail('It waits for packets of 16 MiB and more.')
        : pass('It ended a connection that announced 16 MiB.')
    },
  },
  {
    id: 'silent-connections',
    title: 'Connections that say nothing are kept',
    severity: 'low',
    advice: 'Let a proxy or firewall end connections that do not send their CONNECT within some seconds.',
    judge: ({ silent }) => {
      if (silent === undefined) return unknown('It could not be tried.')
      return silent.stillOpen
        ? fail(`A connection without a word was open after ${Math.round(silent.seconds)} s.`)
        : pass(`A connection without a word was ended after ${Math.round(silent.seconds)} s.`)
    },
  },
]
