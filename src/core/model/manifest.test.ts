import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { SAMPLE_MANIFEST } from './fixture.ts'
import { readManifest } from './manifest.ts'

const copy = (): Record<string, unknown> => structuredClone({ ...SAMPLE_MANIFEST })

test('a manifest survives being written and read', () => {
  expect(readManifest(JSON.parse(JSON.stringify(SAMPLE_MANIFEST)))).toEqual(SAMPLE_MANIFEST)
})

test.each<[string, (manifest: Record<string, unknown>) => void, RegExp]>([
  ['another format', (m) => (m.format = 'other/9'), /iot-guardian-model\/1 at format.*"other\/9"/],
  ['a missing name', (m) => delete m.name, /a text at name, and has nothing/],
  ['text for a number', (m) => (m.window = '10'), /a finite number at window/],
  ['half a parameter', (m) => (m.parameters = 1.5), /a whole number above 0 at parameters/],
  ['a mean that is not finite', (m) => (m.scaler = { mean: [null, 0, 0], deviation: [1, 1, 1] }), /scaler\.mean\[0\]/],
  ['a deviation of 0', (m) => (m.scaler = { mean: [1, 0, 0], deviation: [0, 1, 1] }), /above 0 at scaler\.deviation/],
  ['a scaler for other inputs', (m) => (m.scaler = { mean: [1], deviation: [1] }), /3 means and deviations/],
  ['no inputs', (m) => (m.inputs = []), /at least one input/],
  ['an unknown transform', (m) => (m.inputs = [{ column: 'a', kind: 'number', transform: 'sqrt' }]), /none or log1p/],
  ['no files', (m) => (m.files = []), /at least one file/],
  [
    'a path out of its folder',
    (m) => (m.files = [{ path: '../x', sha256: 'a'.repeat(64), sizeBytes: 1 }]),
    /plain file name/,
  ],
  ['a hash that is none', (m) => (m.files = [{ path: 'x', sha256: 'a', sizeBytes: 1 }]), /64 hexadecimal digits/],
  [
    'quantiles that fall',
    (m) => (m.calibration = { ...SAMPLE_MANIFEST.calibration, quantiles: [1, 0] }),
    /ascending order/,
  ],
])('%s is refused with a sentence', (_, spoil, sentence) => {
  const manifest = copy()
  spoil(manifest)
  expect(() => readManifest(manifest)).toThrow(sentence)
})

test.each([null, 3, 'text', [], undefined])('%j is no manifest', (value) => {
  expect(() => readManifest(value)).toThrow(expect.objectContaining({ name: 'ModelError' }))
})

test('2,000 spoilt manifests give a ModelError or a manifest, and nothing else', () => {
  const random = createRandom(8)
  const values: unknown[] = [null, -1, 0, 1e308, '', 'x', [], {}, true, [[]], undefined]
  const spoil = (value: unknown): unknown => {
    if (random.int(12) === 0) return values[random.int(values.length)]
    if (Array.isArray(value)) return value.map(spoil)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, spoil(item)]))
  }
  let refused = 0
  for (let i = 0; i < 2000; i++) {
    try {
      readManifest(spoil(SAMPLE_MANIFEST))
    } catch (error) {
      refused++
      expect(error).toMatchObject({ name: 'ModelError' })
    }
  }
  expect(refused).toBeGreaterThan(1000)
})
