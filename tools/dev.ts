/** `npm run dev`: the page from its sources, renewed at each change. */
import { generate } from './generate.ts'
import { run } from './run.ts'

await generate()
const { code } = await run('vite', ['dev', ...process.argv.slice(2)], { show: true })
process.exit(code)
