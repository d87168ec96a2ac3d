import { expect, test } from 'vitest'
import { SAMPLE_MANIFEST } from './fixture.ts'
import { loadModel } from './load.ts'
import { sha256Hex } from './verify.ts'

const weights = Uint8Array.of(1, 2, 3)

async function folder(change: { manifest?: string; model?: Uint8Array } = {}) {
  const manifest = {
    ...SAMPLE_MANIFEST,
    files: [{ path: 'model.onnx', sha256: await sha256Hex(weights), sizeBytes: weights.length }],
  }
  const files = new Map([
    ['manifest.json', new TextEncoder().encode(change.manifest ?? JSON.stringify(manifest))],
    ['model.onnx', change.model ?? weights],
  ])
  return async (path: string) => files.get(path) ?? Promise.reject(new Error(`no ${path}`))
}

test('SHA-256 of "abc" is that of FIPS 180-2', async () => {
  expect(await sha256Hex(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('a model whose hash is right is handed out with it', async () => {
  const model = await loadModel(await folder())
  expect(model.network).toEqual(weights)
  expect(model.sha256).toBe(await sha256Hex(weights))
})

test('one flipped bit and the model is not used', async () => {
  const loading = loadModel(await folder({ model: Uint8Array.of(1, 2, 2) }))
  await expect(loading).rejects.toMatchObject({
    name: 'ModelError',
    message: expect.stringMatching(/SHA-256.*not used/),
  })
})

test('a shortened model is not used', async () => {
  const loading = loadModel(await folder({ model: Uint8Array.of(1, 2) }))
  await expect(loading).rejects.toMatchObject({
    name: 'ModelError',
    message: expect.stringMatching(/3 bytes and has 2/),
  })
})

test('a manifest that is not JSON is refused with a sentence', async () => {
  await expect(loadModel(await folder({ manifest: '<html>' }))).rejects.toThrow(/manifest\.json is not JSON/)
})

test('a network of 500 MB is refused before it is fetched', async () => {
  const files = [{ path: 'model.onnx', sha256: 'a'.repeat(64), sizeBytes: 500e6 }]
  const fetched: string[] = []
  const open = await folder({ manifest: JSON.stringify({ ...SAMPLE_MANIFEST, files }) })
  const loading = loadModel((path) => {
    fetched.push(path)
    return open(path)
  })
  await expect(loading).rejects.toThrow(/477 MB together; a model of at most 64 MB is read/)
  expect(fetched).toEqual(['manifest.json'])
})
