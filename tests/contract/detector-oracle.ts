/** scikit-learn on this machine, when there is one, as an oracle. */
import { execFileSync } from 'node:child_process'

const CANDIDATES = ['python3', '/usr/bin/python3']

/** The Python that has scikit-learn; undefined without one. */
export function findPython(): string | undefined {
  return CANDIDATES.find((python) => {
    try {
      execFileSync(python, ['-c', 'import sklearn'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/** What a script prints, as JSON. */
export function runPython(python: string, script: string, args: readonly string[] = []): unknown {
  const text = execFileSync(python, ['-c', script, ...args], { maxBuffer: 1 << 30, encoding: 'utf8' })
  const result: unknown = JSON.parse(text)
  return result
}
