import { createDecipheriv, createECDH, createHmac, createPublicKey, verify } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttp, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { hostname } from 'node:os'
import { SMTPServer } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { mailChannel } from '../../relay/outbox/mail.ts'
import { channelHealth, DeliveryError, type Message, Outbox, owe } from '../../relay/outbox/outbox.ts'
import { makeVapidKeys, pushChannel } from '../../relay/outbox/push.ts'
import { isPublic, post } from '../../relay/outbox/safe-fetch.ts'
import { syslogChannel, syslogLine } from '../../relay/outbox/syslog.ts'
import { signatureOf, webhookChannel } from '../../relay/outbox/webhook.ts'
import type { Store } from '../../relay/store/store.ts'
import { forEachStore } from './stores.ts'

const message: Message = {
  title: 'Camera sent 40 times more than it ever has',
  text: 'It normally sends 3 MB an hour.',
  severity: 'critical',
  alert: 7,
  device: 'cam',
  deviceName: 'Camera <front>',
  advice: ['Unplug it.', 'Look at what it did.'],
  figures: {
    count: 12,
    total: 400,
    percentage: 3,
    threshold: 1.35,
    top: [{ severity: 'critical', rows: '31–40', score: 22.4, reason: 'bytes sent 50 MB, usually 300 B' }],
  },
  atMicros: 1_763_000_000_000_000,
}

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type Answer = (request: IncomingMessage, body: Buffer) => number | readonly [number, Record<string, string>]

async function httpSink(answer: Answer): Promise<{ url: string; bodies: Buffer[]; requests: IncomingMessage[] }> {
  const bodies: Buffer[] = []
  const requests: IncomingMessage[] = []
  const server: Server = createHttp((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      const answered = [answer(request, body)].flat() as [number, Record<string, string>?]
      requests.push(request)
      bodies.push(body)
      if (answered[0] > 0) response.writeHead(answered[0], answered[1]).end('done')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, bodies, requests }
}

const hook = (url: string, change: object = {}) =>
  webhookChannel({ url, preset: 'plain', allowPrivate: true, ...change }, () => message.atMicros)

describe('a webhook', () => {
  it('is signed so that its receiver can tell who sent it, and when', async () => {
    const sink = await httpSink(() => 204)
    await hook(sink.url, { secret: 's3cret' }).send(message)
    const given = sink.requests[0]?.headers['x-guardian-signature']
    const expected = createHmac('sha256', 's3cret').update(`1763000000.${sink.bodies[0]}`).digest('hex')
    expect(given).toBe(`t=1763000000,v1=${expected}`)
    expect(signatureOf('s3cret', 1_763_000_000, String(sink.bodies[0]))).toBe(given)
    expect(JSON.parse(String(sink.bodies[0]))).toMatchObject({ alert: 7, severity: 'critical' })
  })

  it.each([
    ['ntfy', (body: string) => expect(body).toContain('Unplug it.')],
    ['slack', (body: string) => expect(JSON.parse(body).text).toContain('*[critical] Camera sent')],
    ['home-assistant', (body: string) => expect(JSON.parse(body)).toMatchObject({ device: 'cam', alert: 7 })],
  ] as const)('has the form that %s takes', async (preset, check) => {
    const sink = await httpSink(() => 200)
    await hook(sink.url, { preset }).send(message)
    check(String(sink.bodies[0]))
  })

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '192.168.1.1',
    '169.254.169.254',
    '::1',
    '::ffff:10.0.0.1',
    'fe80::1',
    '0.0.0.0',
    'fd00::1',
    '100.64.0.1',
  ])('does not reach %s unless that is allowed', async (address) => {
    expect(isPublic(address)).toBe(false)
    const host = address.includes(':') ? `[${address}]` : address
    const refused = hook(`http://${host}:9/x`, { allowPrivate: false }).send(message)
    await expect(refused).rejects.toMatchObject({ name: 'DeliveryError', isFinal: true })
  })

  it('reaches public addresses only under the name that was looked up', () => {
    expect(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'].map(isPublic)).toEqual([true, true])
  })

  it('does not reach this machine by its name either', async () => {
    await expect(hook('http://localhost:9/', { allowPrivate: false }).send(message)).rejects.toThrow(/private network/)
  })

  it('follows no redirect', async () => {
    const inner = await httpSink(() => 200)
    const sink = await httpSink(() => [302, { location: inner.url }])
    await expect(hook(sink.url).send(message)).rejects.toMatchObject({ isFinal: true })
    expect(inner.bodies).toEqual([])
  })

  it('waits as long as its receiver asks', async () => {
    const sink = await httpSink(() => [429, { 'retry-after': '17' }])
    await expect(hook(sink.url).send(message)).rejects.toMatchObject({ isFinal: false, retryAfterMs: 17_000 })
  })

  it('gives up on a receiver that does not answer', async () => {
    const sink = await httpSink(() => 0)
    const given = { url: sink.url, headers: {}, body: '', allowPrivate: true, timeoutMs: 50 }
    await expect(post(given)).rejects.toThrow(/no answer within/)
  })
})

describe('an e-mail', () => {
  async function smtpSink(refuse?: () => Error | undefined): Promise<{ port: number; mails: string[] }> {
    const mails: string[] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, _session, done) {
        const parts: Buffer[] = []
        stream.on('data', (part: Buffer) => parts.push(part))
        stream.on('end', () => {
          const error = refuse?.()
          if (!error) mails.push(Buffer.concat(parts).toString())
          done(error)
        })
      },
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => new Promise<void>((resolve) => server.close(resolve)))
    return { port: (server.server.address() as AddressInfo).port, mails }
  }
  const settings = (port: number) => ({
    host: '127.0.0.1',
    port,
    secure: false,
    requireTls: false,
    from: 'relay@example.org',
    to: ['ann@example.org'],
  })

  it('says count, total, percentage, threshold, the strongest and what to do, as text and HTML', async () => {
    const sink = await smtpSink()
    await mailChannel(settings(sink.port)).send(message)
    const [mail = ''] = sink.mails
    const words = mail.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=')
    expect(words).toContain('Subject: [critical] Camera sent 40 times more than it ever has')
    expect(words).toContain('12 of 400 samples (3.00 %), the line is at 1.35')
    expect(words).toContain('critical: flows')
    expect(words).toContain('1. Unplug it.')
    expect(words).toContain('Camera &lt;front&gt;')
    expect(words).toContain('multipart/alternative')
  })

  it('is tried again when the server is busy, and not when it will never take it', async () => {
    const busy = await smtpSink(() => Object.assign(new Error('later'), { responseCode: 451 }))
    await expect(mailChannel(settings(busy.port)).send(message)).rejects.toMatchObject({ isFinal: false })
    const never = await smtpSink(() => Object.assign(new Error('no such person'), { responseCode: 550 }))
    await expect(mailChannel(settings(never.port)).send(message)).rejects.toMatchObject({ isFinal: true })
  })
})

describe('syslog', () => {
  it('is RFC 5424 with structured data whose special characters are escaped', () => {
    const line = syslogLine({ ...message, device: 'a"]\\b', title: 'one\ntwo' }, 'relay host')
    expect(line).toMatch(/^<130>1 2025-11-13T02:13:20\.000Z relayhost iot-guardian - alert \[guardian@32473 /)
    expect(line).toContain('device="a\\"\\]\\\\b"')
    expect(line).toContain('\ufeffone two It normally')
  })

  it('arrives over UDP', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    ends.push(() => socket.close())
    const got = once(socket, 'message')
    await syslogChannel({ host: '127.0.0.1', port: socket.address().port, transport: 'udp' }).send(message)
    expect(String((await got)[0])).toBe(syslogLine(message, hostname()))
  })

  it('arrives over TCP with its length before it', async () => {
    const server = createTcp()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ends.push(() => server.close())
    const got = new Promise<string>((resolve) => {
      server.on('connection', (socket) => {
        let text = ''
        socket.on('data', (part) => {
          text += part
        })
        socket.on('end', () => {
          socket.end()
          resolve(text)
        })
      })
    })
    await syslogChannel({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, transport: 'tcp' }).send(
      message,
    )
    const [, length = '', line = ''] = /^(\d+) ([\s\S]*)$/.exec(await got) ?? []
    expect(Buffer.byteLength(line)).toBe(Number(length))
  })
})

forEachStore((stores) => {
  it('pushes what only the browser can read, signed by this relay, and forgets browsers that are gone', async () => {
    const store = await stores.open()
    const keys = makeVapidKeys()
    const browser = createECDH('prime256v1')
    browser.generateKeys()
    const auth = Buffer.alloc(16, 7)
    const sink = await httpSink((request) => (request.url === '/gone' ? 410 : 201))
    const base = sink.url.replace('/hook', '')
    const own = JSON.stringify({ p256dh: browser.getPublicKey('base64url'), auth: auth.toString('base64url') })
    const row = { user_id: 'u', keys: own, created_micros: 1 }
    await store.write(async (trx) => {
      for (const path of ['/live', '/gone'])
        await trx
          .insertInto('push_subscriptions')
          .values({ endpoint: `${base}${path}`, ...row })
          .execute()
    })
    await pushChannel({ store, keys, contact: 'mailto:relay@example.org', allowPrivate: true }).send(message)
    const left = await store.db.selectFrom('push_subscriptions').select('endpoint').execute()
    expect(left).toEqual([{ endpoint: `${base}/live` }])
    const at = sink.requests.findIndex(({ url }) => url === '/live')
    expect(decryptPush(sink.bodies[at]!, browser, auth)).toMatchObject({ title: message.title, alert: 7 })
    expect(isSignedBy(sink.requests[at]?.headers.authorization ?? '', keys.publicKey, base)).toBe(true)
  })

  const outboxOf = (store: Store, relay: string, send: () => Promise<void>, clock = { micros: 1e15 }) => {
    const channels = new Map([['webhook', { name: 'webhook', send }]])
    const outbox = new Outbox({
      store,
      relay,
      now: () => clock.micros,
      channels: async () => channels,
      log: () => {},
      random: () => 0,
    })
    ends.push(() => outbox.close())
    return outbox
  }
  const oweMany = (store: Store, count: number, dueMicros = 1e15) =>
    store.write(async (trx) => {
      for (let i = 0; i < count; i++) await owe(trx, { ...message, alert: i }, { channels: ['webhook'], dueMicros })
    })
  const health = async (store: Store) => (await channelHealth(store.db))[0]

  it('delivers everything through a sink that fails 30 % and stalls', async () => {
    const store = await stores.open()
    const random = createRandom(5)
    const seen = new Set<number>()
    const sink = await httpSink((_request, body) => {
      if (random.next() < 0.3) return random.next() < 0.5 ? 500 : [429, { 'retry-after': '0.01' }]
      seen.add(JSON.parse(String(body)).alert)
      return 200
    })
    const channel = hook(sink.url)
    const clock = { micros: 1e15 }
    await oweMany(store, 40)
    const two = ['r1', 'r2'].map((relay) => {
      const channels = new Map([['webhook', channel]])
      return new Outbox({
        store,
        relay,
        now: () => clock.micros,
        channels: async () => channels,
        log: () => {},
        random: () => 0,
      })
    })
    ends.push(...two.map((outbox) => () => outbox.close()))
    for (const outbox of two) outbox.start()
    while ((await health(store))?.delivered !== 40) {
      clock.micros += 3600e6
      for (const outbox of two) outbox.wake()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(seen.size).toBe(40)
  })

  it('sends again what a relay was sending when it died, and nothing that another one is sending', async () => {
    const store = await stores.open()
    const clock = { micros: 1e15 }
    let sent = 0
    await oweMany(store, 3)
    const dying = outboxOf(store, 'dies', () => new Promise(() => {}), clock)
    ends.pop()
    dying.wake()
    await waitFor(
      async () =>
        (await store.db.selectFrom('outbox').select('lease').where('lease', '=', 'dies').execute()).length === 3,
    )
    const other = outboxOf(store, 'lives', async () => void sent++, clock)
    other.wake()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(sent).toBe(0)
    clock.micros += 61e6
    other.wake()
    await waitFor(async () => (await health(store))?.delivered === 3)
    expect(sent).toBe(3)
  })

  it('shows a failure at once, with the reason, and gives up on what is no use', async () => {
    const store = await stores.open()
    await oweMany(store, 1)
    const failing = outboxOf(store, 'r', async () => {
      throw new DeliveryError('The address answered 503.')
    })
    failing.wake()
    await waitFor(async () => (await health(store))?.error === 'The address answered 503.')
    expect(await health(store)).toMatchObject({ waiting: 1, delivered: 0, givenUp: 0 })
    await failing.close()
    const clock = { micros: 2e15 }
    outboxOf(
      store,
      'r',
      async () => {
        throw new DeliveryError('no', { isFinal: true })
      },
      clock,
    ).wake()
    await waitFor(async () => (await health(store))?.givenUp === 1)
  })

  it('holds back what is due later', async () => {
    const store = await stores.open()
    const clock = { micros: 1e15 }
    let sent = 0
    await oweMany(store, 1, 1e15 + 5e6)
    const outbox = outboxOf(store, 'r', async () => void sent++, clock)
    outbox.wake()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(sent).toBe(0)
    clock.micros += 6e6
    outbox.wake()
    await waitFor(() => sent === 1)
  })
})

/** RFC 8291 and 8188 from the browser's side. */
function decryptPush(body: Buffer, browser: ReturnType<typeof createECDH>, auth: Buffer): unknown {
  const salt = body.subarray(0, 16)
  const keyLength = body[20] ?? 0
  const sender = body.subarray(21, 21 + keyLength)
  const cipher = body.subarray(21 + keyLength)
  const hmac = (key: Buffer, data: Buffer) => createHmac('sha256', key).update(data).digest()
  const one = Buffer.from([1])
  const shared = hmac(auth, browser.computeSecret(sender))
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), sender])
  const input = hmac(salt, hmac(shared, Buffer.concat([info, one])))
  const key = hmac(input, Buffer.concat([Buffer.from('Content-Encoding: aes128gcm\0'), one])).subarray(0, 16)
  const nonce = hmac(input, Buffer.concat([Buffer.from('Content-Encoding: nonce\0'), one])).subarray(0, 12)
  const decipher = createDecipheriv('aes-128-gcm', key, nonce)
  decipher.setAuthTag(cipher.subarray(-16))
  const text = Buffer.concat([decipher.update(cipher.subarray(0, -16)), decipher.final()])
  return JSON.parse(text.subarray(0, text.lastIndexOf(2)).toString())
}

/** RFC 8292: the token is signed with the key that it names, for the service it was sent to. */
function isSignedBy(authorization: string, publicKey: string, audience: string): boolean {
  const [, token = '', key] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization) ?? []
  const [head = '', claims = '', signature = ''] = token.split('.')
  const raw = Buffer.from(publicKey, 'base64url')
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: raw.subarray(1, 33).toString('base64url'),
    y: raw.subarray(33).toString('base64url'),
  }
  const verified = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  return verified && key === publicKey && JSON.parse(Buffer.from(claims, 'base64url').toString()).aud === audience
}

async function waitFor(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 5))
}
