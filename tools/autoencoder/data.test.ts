import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadSequences, PARTS } from './data.ts'

const FOLDER = '../shared/data'

test.skipIf(!existsSync(FOLDER))('training flows are benign, and no capture is in two parts', async () => {
  const { sequences, missing } = await loadSequences(FOLDER)
  expect(missing).toEqual([])
  const owners = new Map<string, string>()
  for (const { set, group, part, flows, attack } of sequences) {
    if (part !== 'test') expect(attack.every((label) => label === 0)).toBe(true)
    for (const { row, startMicros, device } of flows) {
      // A flow of a table is its row; one of a capture its time and device.
      const flow = `${set} ${group} ${device} ${Number.isNaN(startMicros) ? row : startMicros}`
      expect(owners.get(flow) ?? part).toBe(part)
      owners.set(flow, part)
    }
  }
  for (const part of PARTS) expect(sequences.some((sequence) => sequence.part === part)).toBe(true)
})
