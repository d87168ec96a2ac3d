import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { openEmbeddedBroker } from '../relay/mqtt/embedded.ts'
import { memoryPorts } from '../relay/mqtt/fixture.ts'

const run = promisify(execFile)
const GUARDIAN = fileURLToPath(new URL('./guardian.mjs', import.meta.url))

describe('guardian mqtt-audit', () => {
  it('says of a broker what is wrong, as text and as JSON', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-'))
    const broker = await openEmbeddedBroker({
      ...memoryPorts('cam'),
      listen: { host: '127.0.0.1', tcpPort: 0 },
      connectTimeoutMs: 300,
    })
    const file = join(folder, 'password')
    await writeFile(file, 'cam-secret\n')
    const args = [
      GUARDIAN,
      'mqtt-audit',
      `mqtt://127.0.0.1:${broker.ports.tcp}`,
      '--user',
      'cam',
      '--password-file',
      file,
    ]
    const [text, json] = await Promise.all([run(process.execPath, args), run(process.execPath, [...args, '--json'])])
    expect(text.stdout).toContain('with the given user: 1 wrong')
    expect(text.stdout).toContain('✗ high     What is sent can be read on the way.')
    expect(JSON.parse(json.stdout)).toMatchObject({ identity: 'given', failed: 1 })
    expect(text.stdout + json.stdout).not.toContain('cam-secret')
    await broker.close()
    await rm(folder, { recursive: true })
  })

  it('refuses addresses that are none, and those where nothing answers, with a sentence', async () => {
    const refuse = (...args: string[]) =>
      run(process.execPath, [GUARDIAN, 'mqtt-audit', ...args]).then(
        () => expect.unreachable('it was taken'),
        (error: { code: number; stderr: string }) => error,
      )
    expect(await refuse('http://x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('An address is mqtt://host:port'),
    })
    expect(await refuse('mqtt://127.0.0.1:1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no broker answers'),
    })
    expect(await refuse()).toMatchObject({ code: 2, stderr: expect.stringContaining('needs an address') })
  })
})
