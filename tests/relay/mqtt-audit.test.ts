/** The audit against real brokers, good ones and bad ones; and that it writes nothing. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import mqtt from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import type { MqttAudit } from '#core/mqtt-audit/wire.ts'
import { deviceGrants, mayPublish } from '../../relay/mqtt/acl.ts'
import { auditMqtt } from '../../relay/mqtt/audit.ts'
import { openEmbeddedBroker } from '../../relay/mqtt/embedded.ts'
import { connect, memoryPorts } from '../../relay/mqtt/fixture.ts'
import { probeTls } from '../../relay/mqtt/probe-tls.ts'
import { makeCertificates } from './certificates.ts'
import { HAS_MOSQUITTO, type Mosquitto, startMosquitto } from './mosquitto.ts'

const QUICK = { listenMs: 600, silentMs: 1500 }
const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0
const ids = (audit: MqttAudit, status: string) =>
  audit.findings.filter((one) => one.status === status).map(({ id }) => id)

describe('an audit of a real broker', () => {
  const ends: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  async function mosquitto(config: (folder: string) => string | Promise<string>): Promise<Mosquitto> {
    const started = await startMosquitto(
      async (folder) => `${await config(folder)}\nlog_type all\nlog_dest file ${folder}/log`,
    )
    ends.push(() => started.close())
    return started
  }
  const published = async ({ folder }: Mosquitto) =>
    (await readFile(join(folder, 'log'), 'utf8'))
      .split('\n')
      .filter((line) => line.includes('Received PUBLISH from audit'))

  it.skipIf(!HAS_MOSQUITTO)('finds what is wrong with a Mosquitto that is open to all', async () => {
    const broker = await mosquitto(() => 'allow_anonymous true')
    const url = `mqtt://127.0.0.1:${broker.port}`
    const home = await mqtt.connectAsync(url)
    const retain = { retain: true, qos: 1 as const }
    await home.publishAsync('cam/config', '{"password":"hunter22"}', retain)
    await home.publishAsync('owntracks/anna/phone', '{"lat":1,"lon":2}', retain)
    await home.publishAsync('homeassistant/lock/front/config', '{"command_topic":"front/go"}', retain)
    const audit = await auditMqtt({ url, ...QUICK })
    expect(ids(audit, 'fail')).toEqual([
      'anonymous',
      'anonymous-reads',
      'wildcard-subscribe',
      'sys-readable',
      'outdated',
      'retained-secrets',
      'retained-places',
      'no-tls',
      'client-id-takeover',
      'strange-client-ids',
      'will-unchecked',
      'lock-topics',
      'large-packets',
      'silent-connections',
    ])
    expect(JSON.stringify(audit)).not.toContain('hunter22')
    expect(await published(broker)).toEqual([])
    await home.endAsync(true)
  })

  it.skipIf(!HAS_MOSQUITTO)(
    'finds well-known passwords and endless guessing in one with a password file alone',
    async () => {
      const broker = await mosquitto(async (folder) => {
        const file = join(folder, 'passwords')
        await writeFile(file, 'admin:admin\ncam:cam-secret\n')
        execFileSync('mosquitto_passwd', ['-U', file])
        return `allow_anonymous false\npassword_file ${file}`
      })
      const url = `mqtt://127.0.0.1:${broker.port}`
      const audit = await auditMqtt({
        url,
        username: 'cam',
        password: 'cam-secret',
        otherUsername: 'admin',
        otherPassword: 'admin',
        ...QUICK,
      })
      expect(ids(audit, 'fail')).toEqual(
        expect.arrayContaining(['no-tls', 'default-credentials', 'guessing', 'client-id-takeover', 'will-unchecked']),
      )
      expect(ids(audit, 'pass')).toEqual(expect.arrayContaining(['anonymous', 'anonymous-reads']))
      expect(await published(broker)).toEqual([])
    },
  )

  it.skipIf(!HAS_MOSQUITTO || !HAS_OPENSSL)('passes what is right in one with TLS, rules and limits', async () => {
    const certificates = await makeCertificates({ days: 60 })
    ends.push(() => certificates.close())
    const broker = await mosquitto(async (folder) => {
      const [passwords, rules] = [join(folder, 'passwords'), join(folder, 'rules')]
      await writeFile(passwords, 'plug:plug-secret\ncam:cam-secret\n')
      execFileSync('mosquitto_passwd', ['-U', passwords])
      await writeFile(rules, 'pattern readwrite guardian/%u/#\n')
      const files = `certfile ${certificates.certFile}\nkeyfile ${certificates.keyFile}`
      return `${files}\nallow_anonymous false\npassword_file ${passwords}\nacl_file ${rules}\nmax_packet_size 1048576\nuse_username_as_clientid true`
    })
    const url = `mqtts://127.0.0.1:${broker.port}`
    const ca = certificates.ca.toString()
    const plug = await mqtt.connectAsync(url, { username: 'plug', password: 'plug-secret', ca })
    await plug.publishAsync('guardian/plug/config', '{"password":"hunter22"}', { retain: true, qos: 1 })
    await plug.endAsync()
    const other = { otherUsername: 'plug', otherPassword: 'plug-secret' }
    const audit = await auditMqtt({ url, ca, username: 'cam', password: 'cam-secret', ...other, ...QUICK })
    expect(ids(audit, 'pass')).toEqual(
      expect.arrayContaining([
        'anonymous',
        'anonymous-reads',
        'wildcard-subscribe',
        'share-bypass',
        'sys-readable',
        'retained-secrets',
        'retained-places',
        'no-tls',
        'old-tls',
        'weak-ciphers',
        'certificate',
        'default-credentials',
        'client-id-takeover',
        'lock-topics',
        'large-packets',
      ]),
    )
    expect(ids(audit, 'fail')).not.toContain('wildcard-subscribe')
    expect(await published(broker)).toEqual([])
  })

  it.skipIf(!HAS_OPENSSL)("finds nothing wrong with the relay's own broker", async () => {
    const { key, cert, ca, close } = await makeCertificates({ days: 60 })
    ends.push(close)
    const ports = memoryPorts('cam', 'plug')
    const listen = { host: '127.0.0.1', tcpPort: 0, tlsPort: 0, tls: { key, cert } }
    const broker = await openEmbeddedBroker({ ...ports, listen, connectTimeoutMs: 400 })
    ends.push(() => broker.close())
    const plug = await connect(`mqtt://127.0.0.1:${broker.ports.tcp}`, 'plug')
    await plug.publishAsync('guardian/plug/lock/set', '{"password":"hunter22"}', { retain: true, qos: 1 })
    await plug.endAsync()
    const before = broker.stats().messages
    const audit = await auditMqtt({
      url: `mqtts://127.0.0.1:${broker.ports.tls}`,
      ca: ca.toString(),
      username: 'cam',
      password: 'cam-secret',
      otherUsername: 'plug',
      otherPassword: 'plug-secret',
      mayWrite: (topic) => mayPublish(deviceGrants('cam'), topic),
      ...QUICK,
    })
    expect(ids(audit, 'fail')).toEqual([])
    // It refuses the subscriptions themselves, and tells no version: nothing to say of those.
    expect(ids(audit, 'unknown')).toEqual(['share-bypass', 'outdated'])
    expect(broker.stats().messages).toBe(before)
  })

  it.skipIf(!HAS_OPENSSL)('sees old versions, weak ciphers and a certificate that nobody vouches for', async () => {
    const { key, cert, ca, close } = await makeCertificates({ rsa: true })
    ends.push(close)
    const old = { key, cert, minVersion: 'TLSv1' as const, ciphers: 'ALL@SECLEVEL=0' }
    const server = createServer(old, (socket) => socket.on('error', () => {}))
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const bad = await probeTls({ host: '127.0.0.1', port, ca: undefined })
    expect(bad?.oldTlsVersions).toEqual(['TLSv1', 'TLSv1.1'])
    expect(bad?.weakCiphers).toHaveLength(1)
    expect(bad?.certificate.fault).toMatch(/CERT|SIGNATURE/)
    const known = await probeTls({ host: '127.0.0.1', port, ca: ca.toString() })
    expect(known?.certificate.fault).toBeUndefined()
    await new Promise((resolve) => server.close(resolve))
    expect(await probeTls({ host: '127.0.0.1', port, ca: undefined })).toBeUndefined()
  })

  it('says that nothing answers, or that the user was refused', async () => {
    await expect(auditMqtt({ url: 'mqtt://127.0.0.1:1', ...QUICK })).rejects.toThrow(
      'no broker answers at mqtt://127.0.0.1:1',
    )
    const broker = await openEmbeddedBroker({ ...memoryPorts('cam'), listen: { host: '127.0.0.1', tcpPort: 0 } })
    ends.push(() => broker.close())
    const url = `mqtt://127.0.0.1:${broker.ports.tcp}`
    await expect(auditMqtt({ url, username: 'cam', password: 'wrong', ...QUICK })).rejects.toThrow(
      'refused the user cam',
    )
    const audit = await auditMqtt({ url, ...QUICK })
    expect(ids(audit, 'pass')).toEqual(expect.arrayContaining(['anonymous', 'anonymous-reads', 'guessing']))
  })
})
