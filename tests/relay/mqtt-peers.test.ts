/** Clients of others against the relay's broker: Mosquitto's and Paho's, over TCP, WebSocket and TLS. */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedBroker, openEmbeddedBroker } from '../../relay/mqtt/embedded.ts'
import { FLOW, type MemoryPorts, memoryPorts, until } from '../../relay/mqtt/fixture.ts'
import { type Certificates, makeCertificates } from './certificates.ts'

const run = promisify(execFile)
const PYTHON = '/usr/bin/python3'
const PEER = fileURLToPath(new URL('./paho_peer.py', import.meta.url))
const HAS_MOSQUITTO_PUB = existsSync('/usr/bin/mosquitto_pub')
const HAS_PAHO = existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import paho.mqtt.client']).status === 0
const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0

describe.skipIf(!HAS_OPENSSL)('real peers', () => {
  let certificates: Certificates
  let broker: EmbeddedBroker
  let ports: MemoryPorts
  beforeEach(async () => {
    certificates = await makeCertificates()
    ports = memoryPorts('cam', 'plug')
    const { key, cert } = certificates
    const listen = { host: '127.0.0.1', tcpPort: 0, wsPort: 0, tlsPort: 0, wssPort: 0, tls: { key, cert } }
    broker = await openEmbeddedBroker({ ...ports, listen })
  })
  afterEach(async () => {
    await broker.close()
    await certificates.close()
  })
  const tls = () => ['--cafile', certificates.caFile]
  const login = (device: string) => ['-h', '127.0.0.1', '-u', device, '-P', `${device}-secret`, '-i', `${device}-1`]

  describe.skipIf(!HAS_MOSQUITTO_PUB)("Mosquitto's clients", () => {
    it.each([
      ['TCP', () => ['-p', `${broker.ports.tcp}`]],
      ['TLS', () => ['-p', `${broker.ports.tls}`, ...tls()]],
    ])('publish at QoS 0, 1 and 2 over %s', async (_name, way) => {
      for (const qos of ['0', '1', '2'])
        await run('mosquitto_pub', [...login('cam'), ...way(), '-t', 'guardian/cam/flow', '-q', qos, '-m', FLOW])
      await until('three records', () => ports.taken.filter(({ source }) => source === 'mqtt').length === 3)
    })

    it('hear what may be heard, retained messages and wills too, and nothing else', async () => {
      const way = ['-p', `${broker.ports.tcp}`]
      await run('mosquitto_pub', [...login('cam'), ...way, '-t', 'guardian/cam/state', '-r', '-q', '1', '-m', 'kept'])
      const hear = spawn('mosquitto_sub', [
        ...login('cam'),
        ...way,
        '-t',
        'guardian/cam/#',
        '-q',
        '1',
        '-C',
        '3',
        '-W',
        '20',
        '-v',
      ])
      let heard = ''
      hear.stdout.on('data', (chunk) => (heard += chunk))
      const ended = new Promise<number | null>((resolve) => hear.on('exit', resolve))
      await until('the retained one', () => heard.includes('guardian/cam/state kept'))
      const will = ['--will-topic', 'guardian/cam/will', '--will-payload', 'gone', '--will-qos', '1']
      const dying = spawn('mosquitto_sub', [
        ...login('cam').slice(0, -1),
        'cam-2',
        ...way,
        '-t',
        'guardian/cam/x',
        ...will,
      ])
      await until('it is connected', () => broker.stats().connected === 2)
      dying.kill('SIGKILL')
      await until('the will', () => heard.includes('guardian/cam/will gone'))
      await run('mosquitto_pub', [...login('plug'), ...way, '-t', 'guardian/cam/foreign', '-q', '1', '-m', 'x'])
      await run('mosquitto_pub', [
        ...login('cam').slice(0, -1),
        'cam-3',
        ...way,
        '-t',
        'guardian/cam/last',
        '-m',
        'end',
      ])
      expect(await ended).toBe(0)
      expect(heard.trim().split('\n')).toEqual([
        'guardian/cam/state kept',
        'guardian/cam/will gone',
        'guardian/cam/last end',
      ])
      expect(broker.stats().refused['publish-denied']).toBe(1)
    })

    it('are told that a password is wrong, and see a certificate that is not for them', async () => {
      const wrong = [
        '-h',
        '127.0.0.1',
        '-u',
        'cam',
        '-P',
        'wrong',
        '-p',
        `${broker.ports.tcp}`,
        '-t',
        'guardian/cam/x',
        '-m',
        'x',
      ]
      await expect(run('mosquitto_pub', wrong)).rejects.toThrow(/not authori[sz]ed|bad user name or password/i)
      const other = await makeCertificates()
      const foreign = [
        ...login('cam'),
        '-p',
        `${broker.ports.tls}`,
        '--cafile',
        other.caFile,
        '-t',
        'guardian/cam/x',
        '-m',
        'x',
      ]
      await expect(run('mosquitto_pub', foreign)).rejects.toThrow(/certificate|tls/i)
      await other.close()
      expect(broker.stats().messages).toBe(0)
    })
  })

  it.skipIf(!HAS_PAHO).each([
    ['TCP', () => [`${broker.ports.tcp}`, 'tcp', '-']],
    ['WebSocket', () => [`${broker.ports.ws}`, 'websockets', '-']],
    ['TLS', () => [`${broker.ports.tls}`, 'tcp', certificates.caFile]],
    ['WebSocket over TLS', () => [`${broker.ports.wss}`, 'websockets', certificates.caFile]],
  ])('Paho publishes at QoS 1 and 2, is acknowledged and hears a command over %s', async (_name, way) => {
    const { stdout } = await run(PYTHON, [PEER, '127.0.0.1', ...way(), 'cam', 'cam-secret', '20'])
    expect(JSON.parse(stdout)).toEqual({ connect: 0, granted: [1], command: 'blink' })
    const records = ports.taken.filter(({ source }) => source === 'mqtt')
    expect(records.map(({ records: [one] }) => one?.orig_pkts)).toEqual(Array.from({ length: 20 }, (_, at) => at))
  })
})
