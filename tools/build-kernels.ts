/** Compiles src/engine/kernels/assembly (AssemblyScript) into src/engine/kernels/kernels.wasm, which git ignores. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import asc from 'assemblyscript/asc'

const SOURCES = new URL('../src/engine/kernels/assembly/', import.meta.url)
const OUT = new URL('../src/engine/kernels/kernels.wasm', import.meta.url)
const OPTIONS = ['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--runtime', 'stub', '--enable', 'simd']

/** The same bytes from the same sources on every machine. */
async function compile(): Promise<Uint8Array> {
  let compiled: Uint8Array | undefined
  const { error, stderr } = await asc.main(['main.ts', ...OPTIONS, '--use', 'abort=', '--outFile', 'kernels.wasm'], {
    // The compiler only knows files that end in .ts; ours end in .as, because TypeScript's own tools must leave them alone.
    readFile: (name) => readFile(new URL(name.replace(/\.ts$/, '.as'), SOURCES), 'utf8').catch(() => null),
    writeFile(_, contents) {
      if (typeof contents !== 'string') compiled = contents
    },
    listFiles: () => [],
  })
  if (error || !compiled) throw new Error(`the kernels do not compile:\n${stderr.toString()}`)
  return compiled
}

const kernels = await compile()
// Renamed into place, so that nobody reads half a file.
const half = new URL(`${OUT.href}.${process.pid}`)
await writeFile(half, kernels)
await rename(half, OUT)
console.log(`src/engine/kernels/kernels.wasm: ${kernels.length} bytes`)
