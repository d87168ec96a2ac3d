/** A real Mosquitto as a process of the test's own, on free ports, in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MOSQUITTO = '/usr/sbin/mosquitto'
export const DYNSEC = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib']
  .map((folder) => join(folder, 'mosquitto_dynamic_security.so'))
  .find((file) => existsSync(file))
export const HAS_MOSQUITTO = existsSync(MOSQUITTO)

export interface Mosquitto {
  readonly port: number
  readonly folder: string
  /** Ends the process; `start` brings it back on the same port and folder. */
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

/** `config` is asked for the lines of mosquitto.conf besides the listener's; it may write files in the folder first. */
export async function startMosquitto(
  config: (folder: string, port: number) => string | Promise<string>,
  { listener = true }: { listener?: boolean } = {},
): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), 'mosquitto-'))
  const port = await freePort()
  const user = process.getuid?.() === 0 ? 'user root\n' : ''
  const lines = await config(folder, port)
  const file = join(folder, 'mosquitto.conf')
  await writeFile(file, `${user}${listener ? `listener ${port} 127.0.0.1\n` : ''}${lines}\n`)
  let child: ChildProcess | undefined
  const start = async () => {
    child = spawn(MOSQUITTO, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr?.on('data', (chunk) => (said += chunk))
    await reachable(port, () => {
      if (child?.exitCode !== null) throw new Error(`mosquitto ended: ${said}`)
    })
  }
  const stop = async () => {
    if (!child || child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await start()
  return {
    port,
    folder,
    stop,
    start,
    async close() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Lines for a broker whose users, `relay` and devices, are kept by the dynamic-security plugin; passwords are `<user>-secret`. A device
 * writes and reads under its own topic and what `more` names for it.
 */
export async function dynsecLines(folder: string, devices: Record<string, readonly string[]>): Promise<string> {
  const file = join(folder, 'dynsec.json')
  const allow = (acltype: string, topic: string) => ({ acltype, topic, allow: true })
  const roles = Object.entries(devices).map(([device, more]) => ({
    rolename: device,
    acls: [`guardian/${device}/#`, ...more].flatMap((topic) => [
      allow('publishClientSend', topic),
      allow('subscribePattern', topic),
    ]),
  }))
  const every = ['#', '$CONTROL/dynamic-security/#', '$SYS/#', '$share/#']
  const relay = every.flatMap((topic) => [
    allow('publishClientSend', topic),
    allow('publishClientReceive', topic),
    allow('subscribePattern', topic),
  ])
  const content = {
    defaultACLAccess: { publishClientSend: false, publishClientReceive: true, subscribe: false, unsubscribe: true },
    clients: ['relay', ...Object.keys(devices)].map((username) => ({
      username,
      ...hashed(`${username}-secret`),
      roles: [{ rolename: username }],
    })),
    roles: [{ rolename: 'relay', acls: relay }, ...roles],
  }
  await writeFile(file, JSON.stringify(content))
  return `plugin ${DYNSEC}\nplugin_opt_config_file ${file}\nallow_anonymous false`
}

/** As mosquitto_ctrl 2.0 writes it. */
function hashed(password: string): { password: string; salt: string; iterations: number } {
  const salt = randomBytes(12)
  const iterations = 101
  const hash = pbkdf2Sync(password, salt, iterations, 64, 'sha512')
  return { password: hash.toString('base64'), salt: salt.toString('base64'), iterations }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function reachable(port: number, check: () => void): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    check()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
