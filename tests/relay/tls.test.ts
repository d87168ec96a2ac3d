/** The relay's own authority, against clients that know nothing of it: curl, openssl s_client, mosquitto_pub. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import mqtt from 'mqtt'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { endOfMain, startMain } from './relay-main.ts'
import { PASSWORD } from './relays.ts'

const run = promisify(execFile)
const has = (program: string) =>
  ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'].some((at) => existsSync(join(at, program)))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-tls-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it.skipIf(!has('curl') || !has('openssl') || !has('mosquitto_pub'))(
  'serves pages, REST, mqtts and wss under a certificate that clients trust by its authority alone',
  async () => {
    const relay = await startMain({ DATA_DIR: folder, HTTPS: 'local', HOST: '127.0.0.1', WSS_PORT: '0' })
    try {
      const ca = join(folder, 'ca.crt')
      expect(relay.url).toMatch(/^https:/)
      const curl = (...args: string[]) => run('curl', ['-sS', '--fail-with-body', ...args]).then(({ stdout }) => stdout)
      await writeFile(ca, await curl('--insecure', `${relay.url}/ca.crt`))
      const post = (path: string, body: object, cookies: string[]) =>
        curl(
          '--cacert',
          ca,
          ...cookies,
          '-H',
          'content-type: application/json',
          '-H',
          `origin: ${relay.url}`,
          '-d',
          JSON.stringify(body),
          relay.url + path,
        )
      const status = JSON.parse(await curl('--cacert', ca, `${relay.url}/api/v1/status`)) as { claimed: boolean }
      expect(status.claimed).toBe(false)
      await expect(curl(`${relay.url}/api/v1/status`)).rejects.toThrow(/certificate/)
      await expect(curl(`${relay.url.replace('https', 'http')}/api/v1/status`)).rejects.toThrow()
      await expect.poll(() => relay.lines.join('\n')).toContain('wss://')
      const port = (found: RegExp) => found.exec(relay.lines.join('\n'))?.[1] ?? ''
      const code = port(/enter the code (\S+)/)
      const jar = join(folder, 'cookies')
      await post('/api/v1/claim', { code, name: 'ann', password: PASSWORD }, ['-c', jar])
      const made = JSON.parse(
        await post('/api/v1/devices', { name: 'cam', type: 'camera', protocol: 'mqtt' }, ['-b', jar]),
      ) as { id: string }
      const { id } = made
      const { password } = JSON.parse(await post(`/api/v1/devices/${id}/secret`, {}, ['-b', jar])) as {
        password: string
      }
      const mqtts = port(/mqtts:\/\/127\.0\.0\.1:(\d+)/)
      const flow = JSON.stringify({ orig_pkts: 3, resp_pkts: 2, orig_bytes: 300, resp_bytes: 120 })
      const publish = [
        '-h',
        '127.0.0.1',
        '-p',
        mqtts,
        '-q',
        '1',
        '-u',
        id,
        '-P',
        password,
        '-t',
        `guardian/${id}/flow`,
        '-m',
        flow,
      ]
      await run('mosquitto_pub', ['--cafile', ca, ...publish])
      const { stdout } = await run('sh', [
        '-c',
        `openssl s_client -connect 127.0.0.1:${mqtts} -CAfile ${ca} -verify_ip 127.0.0.1 -verify_return_error </dev/null`,
      ])
      expect(stdout).toContain('Verify return code: 0 (ok)')
      const client = await mqtt.connectAsync(port(/(wss:\S+)/), {
        username: id,
        password,
        ca: await run('cat', [ca]).then((read) => read.stdout),
        protocolVersion: 4,
      })
      await client.publishAsync(`guardian/${id}/flow`, flow, { qos: 1 })
      await client.endAsync()
      const kept = JSON.parse(await curl('--cacert', ca, '-b', jar, `${relay.url}/api/v1/traffic/${id}`)) as {
        records: { source: string }[]
      }
      expect(kept.records.filter(({ source }) => source === 'mqtt')).toHaveLength(2)
    } finally {
      await relay.kill()
    }
  },
  60_000,
)

it('does not start with plain HTTP for the network, and says what to do instead', async () => {
  const { code, said } = await endOfMain({ DATA_DIR: folder, HOST: '0.0.0.0' })
  expect(code).toBe(1)
  expect(said).toMatch(/^Plain HTTP is for this machine only.*HTTPS=local/)
  expect(said.trim().split('\n')).toHaveLength(1)
})
