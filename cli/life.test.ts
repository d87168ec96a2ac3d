/** The commands as a person calls them: train, eval, explain, and what they refuse. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { labelledTable } from '../tests/labelled-table.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'guardian-life-'))
const at = (name: string) => join(folder, name)

function guardian(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

beforeAll(() => {
  writeFileSync(at('week.csv'), labelledTable({ seed: 1, benign: 600, scan: 60, transfer: 30 }))
  writeFileSync(at('next.csv'), labelledTable({ seed: 2, benign: 300, scan: 40, transfer: 20 }))
})
afterAll(() => rmSync(folder, { recursive: true }))

const LABELS = ['--label', 'label', '--benign', 'Benign']

test('a model is trained, judged and asked for reasons', () => {
  const trained = guardian('train', at('week.csv'), '--detector', 'isolation-forest', ...LABELS, '--out', at('forest'))
  expect(trained).toMatchObject({ status: 0, stderr: '' })
  expect(trained.stdout).toMatch(/learnt from 480 flows in \d+ columns, 120 benign flows kept out/)
  expect(readFileSync(at('forest/card.md'), 'utf8')).toMatch(/^# isolation-forest 1\.0\.0/)

  const judged = guardian('eval', at('next.csv'), '--model', at('forest'), ...LABELS, '--json')
  expect(judged).toMatchObject({ status: 0, stderr: '' })
  const result = JSON.parse(judged.stdout) as Record<string, unknown>
  expect(Object.keys(result)).toEqual(
    expect.arrayContaining([
      'rows',
      'baseRate',
      'perClass',
      'prAuc',
      'rocAuc',
      'recallAtFpr',
      'abstained',
      'confusion',
    ]),
  )
  expect(result).toMatchObject({ rows: 360, perClass: { Scan: { n: 40 }, Transfer: { n: 20 } } })

  const explained = guardian('explain', at('next.csv'), '--model', at('forest'), '--row', '300', '--json')
  const { score, base, contributions } = JSON.parse(explained.stdout) as {
    score: number
    base: number
    contributions: { feature: string; value: number; typical: number; share: number }[]
  }
  expect(contributions.reduce((sum, { share }) => sum + share, base)).toBeCloseTo(score, 9)
})

test('a scan is judged by the model that was trained', () => {
  const scanned = guardian('scan', at('next.csv'), '--model', at('forest'), '--json')
  expect(scanned).toMatchObject({ status: 0, stderr: '' })
  const { model, rows, windows } = JSON.parse(scanned.stdout) as Record<string, unknown>
  expect(model).toMatchObject({ name: 'isolation-forest', version: '1.0.0' })
  // Each flow is judged alone, also the first ten of a device.
  expect([rows, windows]).toEqual([360, 360])
})

test('the same seed writes the same bytes, also over a model that is there', () => {
  const train = (out: string, seed: string) =>
    guardian('train', at('week.csv'), '--detector', 'nearest', '--seed', seed, '--out', at(out)).status
  expect([train('one', '4'), train('two', '4'), train('other', '5')]).toEqual([0, 0, 0])
  for (const file of ['manifest.json', 'model.bin', 'card.md'])
    expect(readFileSync(at(`one/${file}`))).toEqual(readFileSync(at(`two/${file}`)))
  expect(readFileSync(at('other/model.bin'))).not.toEqual(readFileSync(at('one/model.bin')))
})

test('a search by trials repeats byte for byte, and its card tells what was tried and what it gained', () => {
  const train = (out: string) =>
    guardian('train', at('week.csv'), '--detector', 'isolation-forest', ...LABELS, '--trials', '4', '--out', at(out))
  const first = train('searched')
  expect(first).toMatchObject({ status: 0, stderr: '' })
  expect(first.stdout).toContain('4 settings were tried')
  expect(train('again').status).toBe(0)
  for (const file of ['manifest.json', 'model.bin', 'card.md'])
    expect(readFileSync(at(`searched/${file}`))).toEqual(readFileSync(at(`again/${file}`)))
  const card = readFileSync(at('searched/card.md'), 'utf8')
  expect(card).toContain('## How its settings were chosen')
  expect(card).toMatch(/On rows that took no part in the choice/)
  expect(card).toMatch(/1\. the default settings: \d\.\d{3} on all/)
  expect(guardian('eval', at('next.csv'), '--model', at('searched'), ...LABELS).status).toBe(0)
})

test.each<[string, () => string[], RegExp]>([
  [
    'an unknown detector',
    () => ['train', at('week.csv'), '--detector', 'oracle', '--out', at('x')],
    /one of nearest, .*not "oracle"/,
  ],
  [
    'a folder with other things in it',
    () => ['train', at('week.csv'), '--detector', 'nearest', '--out', folder],
    /holds files that are no model/,
  ],
  [
    'a label without its benign value',
    () => ['train', at('week.csv'), '--detector', 'boosting', '--label', 'label', '--out', at('x')],
    /needs --benign VALUE/,
  ],
  [
    'a search without labels',
    () => ['train', at('week.csv'), '--detector', 'nearest', '--search', '1', '--out', at('x')],
    /needs labels/,
  ],
  [
    'a search of no minutes',
    () => ['train', at('week.csv'), '--detector', 'nearest', ...LABELS, '--search', '0', '--out', at('x')],
    /--search is minutes above 0/,
  ],
  [
    'a misspelt label',
    () => [
      'train',
      at('week.csv'),
      '--detector',
      'boosting',
      '--label',
      'lable',
      '--benign',
      'Benign',
      '--out',
      at('x'),
    ],
    /no column "lable"/,
  ],
  [
    'a model that is not there',
    () => ['eval', at('next.csv'), '--model', at('nowhere'), ...LABELS],
    /there is no model/,
  ],
  [
    'a row that is not there',
    () => ['explain', at('next.csv'), '--model', at('forest'), '--row', '9999'],
    /flow 9999 does not exist; the last one is 360/,
  ],
])('%s is refused with one sentence and exit 2', (_, args, sentence) => {
  const { status, stderr } = guardian(...args())
  expect(status).toBe(2)
  expect(stderr).toMatch(sentence)
  expect(
    stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('    at ')),
  ).toEqual([])
  expect(existsSync(at('x'))).toBe(false)
})
