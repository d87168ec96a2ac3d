/** `npm start`: builds when a source is newer than the build, then serves it on this machine only. */
import { mainOrSay } from '../relay/main.ts'
import { build, isStale } from './build.ts'

if (await isStale()) {
  console.log('Building the page …')
  const { code, output } = await build({ show: false })
  if (code !== 0) {
    console.error(output)
    process.exit(code)
  }
}
await mainOrSay(process.argv.slice(2))
