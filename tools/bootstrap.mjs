/**
 * Makes sure that this clone's packages and its own Node are there, then runs a script of the project with them.
 * Plain JavaScript for whatever Node is on the machine (20 or later); everything after it runs on the pinned Node of package.json.
 *
 * node tools/bootstrap.mjs <file.ts | command of node_modules/.bin> [arguments]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'node_modules', '.bin')
const windows = process.platform === 'win32'

/** Whether node_modules is what package-lock.json asks for (npm keeps its own record of what it installed). */
function isInstalled() {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(record, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || entry.optional || entry.peer || present[path]?.version === entry.version || present[path]?.link,
  )
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: windows, ...options })
  if (result.error) throw result.error
  return result.status ?? 1
}

function pinnedNode() {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies.node
  const path = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node')
  if (!existsSync(path)) return undefined
  const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.trim()
  return version === `v${wanted}` ? path : undefined
}

function install() {
  console.error('Installing packages (once, some minutes) …')
  const options = ['--no-audit', '--no-fund', '--loglevel=error']
  // `npm ci` refuses a lock file that leaves out packages for other systems, as a registry without them makes it; `npm install` takes the
  // same versions from it and checks the same hashes.
  const exact = run('npm', ['ci', ...options], { stdio: 'ignore' })
  const status = exact === 0 ? 0 : run('npm', ['install', '--no-save', ...options])
  if (status !== 0) {
    console.error('The packages could not be installed. Is the network there? Then run the same command again.')
    process.exit(status)
  }
}

function installNode() {
  // npm may leave out the install scripts of packages; this is the one of the package `node`.
  const status = run(process.execPath, ['installArchSpecificPackage'], { cwd: join(root, 'node_modules', 'node') })
  if (status !== 0 || !pinnedNode()) {
    console.error(`The project's own Node could not be installed for ${process.platform} ${process.arch}.`)
    process.exit(1)
  }
}

if (!isInstalled()) install()
if (!pinnedNode()) installNode()

const [target, ...args] = process.argv.slice(2)
if (!target) {
  console.error('usage: node tools/bootstrap.mjs <file.ts | command> [arguments]')
  process.exit(2)
}
process.env.PATH = `${bin}${delimiter}${process.env.PATH ?? ''}`
const isScript = /\.(ts|mjs)$/.test(target)
// A person who presses Ctrl-C ends the script; it then ends this process.
process.on('SIGINT', () => {})
const status = isScript
  ? run(pinnedNode(), [join(root, target), ...args], { shell: false })
  : run(join(bin, target), args)
process.exit(status)
