/** Reads what to serve and where, and listens on this machine only. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createApp } from './app.ts'
import { openSite } from './static.ts'

const HOST = '127.0.0.1'
const DEFAULT_PORT = 4173
/** How many ports after the default one are tried when it is taken. */
const PORT_TRIES = 20

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { port: { type: 'string' } } })
  const asked = values.port ?? process.env.PORT
  const site = await openSite(fileURLToPath(new URL('../build', import.meta.url)))
  const server = createApp({ site })
  const port = asked === undefined ? await listenNear(server, DEFAULT_PORT) : await listen(server, portOf(asked))
  console.log(`IoT Guardian is at http://${HOST}:${port}/ (Ctrl-C ends it). Only this machine can reach it.`)
}

function portOf(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error(`port ${text} is not a number from 0 to 65535`)
}

/** Resolves to the port, which the system chooses for 0. */
async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, HOST)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function listenNear(server: Server, first: number): Promise<number> {
  for (let port = first; port < first + PORT_TRIES; port++) {
    try {
      return await listen(server, port)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    }
  }
  return listen(server, 0)
}

if (import.meta.main) await main(process.argv.slice(2))
