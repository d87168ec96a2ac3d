/** Makes the files that are derived from packages and that git does not keep, when they are missing or older than what makes them. */
import { stat } from 'node:fs/promises'
import { run } from './run.ts'

const KERNEL_SOURCES = ['main', 'math', 'multiply', 'cell', 'layers', 'learn'].map(
  (name) => `src/engine/kernels/assembly/${name}.as`,
)

const GENERATED = [
  {
    file: 'static/oui.bin',
    tool: 'tools/make-oui.ts',
    from: ['tools/make-oui.ts', 'src/core/device/vendor.ts', 'package-lock.json'],
  },
  {
    file: 'src/engine/kernels/kernels.wasm',
    tool: 'tools/build-kernels.ts',
    from: ['tools/build-kernels.ts', 'package-lock.json', ...KERNEL_SOURCES],
  },
] as const

async function changedMs(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0
}

export async function generate(): Promise<void> {
  for (const { file, tool, from } of GENERATED) {
    const sources = await Promise.all(from.map(changedMs))
    if ((await changedMs(file)) > Math.max(...sources)) continue
    const { code, output } = await run(process.execPath, [tool])
    if (code !== 0) throw new Error(`${tool} could not make ${file}:\n${output}`)
  }
}

if (import.meta.main) await generate()
