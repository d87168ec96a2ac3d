/** Child processes of the tools: run to the end, with what they printed and how long they took. */
import { spawn } from 'node:child_process'

export interface RunResult {
  readonly code: number
  readonly output: string
  readonly ms: number
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Show the output while it runs. */
  readonly show?: boolean
}

/** `command` is a file or a name found on PATH (node_modules/.bin is first there). */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: options.show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    })
    const parts: string[] = []
    child.stdout?.setEncoding('utf8').on('data', (text: string) => parts.push(text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => parts.push(text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output: parts.join(''), ms: performance.now() - startedMs }))
  })
}
