/** The relay as `npm start` runs it, in a process of its own, on ports and a folder of the test's. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../relay/main.ts', import.meta.url))
/** A page of one line: these tests do not need the app, which may not be built yet. */
const SITE = fileURLToPath(new URL('site', import.meta.url))

export interface RunningRelay {
  readonly child: ChildProcess
  /** Without a slash at the end. */
  readonly url: string
  readonly lines: readonly string[]
  /** From the spawn to the first request that could be answered. */
  readonly startMs: number
  kill(): Promise<void>
}

/** `env` besides PATH; ports are the system's choice unless it says others. */
export async function startMain(env: Readonly<Record<string, string>>): Promise<RunningRelay> {
  const began = performance.now()
  const child = spawnMain(env)
  const lines: string[] = []
  const said: string[] = []
  child.stderr?.on('data', (part) => said.push(String(part)))
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The relay ended with ${code}: ${said.join('')}`)))
    createInterface(child.stdout!).on('line', (line) => {
      lines.push(line)
      const found = /is at (\S+)\/ /.exec(line)?.[1]
      if (found) resolve(found)
    })
  })
  return { child, url, lines, startMs: performance.now() - began, kill }
}

/** To its end, for what cannot start. */
export async function endOfMain(env: Readonly<Record<string, string>>): Promise<{ code: number; said: string }> {
  const child = spawnMain(env)
  const said: string[] = []
  child.stderr?.on('data', (part) => said.push(String(part)))
  const [code] = (await once(child, 'close')) as [number]
  return { code, said: said.join('') }
}

function spawnMain(env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', PORT: '0', MQTT_PORT: '0', MQTTS_PORT: '0', SITE_DIR: SITE, ...env },
  })
}
