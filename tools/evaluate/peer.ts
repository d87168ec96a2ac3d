/** scikit-learn's HistGradientBoosting on the same rows, where Debian's python3-sklearn is installed. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { attackFlags } from '#core/evaluate/labels.ts'
import { takeLabelled } from '#core/evaluate/rows.ts'
import type { Split } from '#core/evaluate/splits.ts'

const SCRIPT = fileURLToPath(new URL('hist_gradient_boosting.py', import.meta.url))

export interface PeerFigures {
  readonly version: string
  readonly prAuc: number
  readonly rocAuc: number
}

/** Undefined when no Python on this machine has scikit-learn. */
export function judgeByPeer(split: Split, seed: number): PeerFigures | undefined {
  const parts = [takeLabelled(split.trainData, split.train), takeLabelled(split.testData, split.test)]
  const head = { seed, width: split.trainData.matrix.features.length, rows: parts.map(({ rows }) => rows) }
  const input = Buffer.concat([
    Buffer.from(`${JSON.stringify(head)}\n`),
    ...parts.flatMap((part) => [bytesOf(part.matrix.values), attackFlags(part)]),
  ])
  for (const python of ['python3', '/usr/bin/python3']) {
    const done = spawnSync(python, [SCRIPT], { input, encoding: 'utf8', maxBuffer: 1 << 20 })
    if (done.status === 0) return JSON.parse(done.stdout) as PeerFigures
  }
  return undefined
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
