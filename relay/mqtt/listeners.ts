/** Where MQTT clients reach the embedded broker: TCP, TLS, and WebSocket with the subprotocol mqtt on ports of its own or on a given server. */
import { once } from 'node:events'
import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls'
import { createWebSocketStream, WebSocketServer } from 'ws'

export const WEBSOCKET_PATH = '/mqtt'

const HANDSHAKE_TIMEOUT_MS = 10_000
/** Forward secrecy and authenticated encryption only; small devices speak the ECDHE suites of TLS 1.2. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** A dead peer without MQTT keep-alive is found by TCP's. */
const TCP = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

export interface TlsFiles {
  readonly key: string | Buffer
  readonly cert: string | Buffer
}

/** 0 lets the system choose; a port left out is not opened. */
export interface ListenOptions {
  readonly host: string
  readonly tcpPort?: number | undefined
  readonly wsPort?: number | undefined
  readonly tlsPort?: number | undefined
  readonly wssPort?: number | undefined
  readonly tls?: TlsFiles | undefined
  readonly maxFrameBytes: number
}

export interface Ports {
  readonly tcp: number | undefined
  readonly ws: number | undefined
  readonly tls: number | undefined
  readonly wss: number | undefined
}

/** `request` is the one that was upgraded. */
type Handle = (connection: Duplex, socket: Socket, request: IncomingMessage | undefined) => void
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean

export interface Listeners {
  readonly ports: Ports
  /** For another server's upgrades: takes those of WEBSOCKET_PATH and says so. */
  readonly upgrade: Upgrade
  /** For connections from now on. */
  renew(tls: TlsFiles): void
  close(): Promise<void>
}

export async function listen(options: ListenOptions, handle: Handle): Promise<Listeners> {
  const { tls } = options
  if (tls === undefined && (options.tlsPort !== undefined || options.wssPort !== undefined))
    throw new Error('mqtts and wss need a certificate and its key')
  const secure = {
    ...TCP,
    ...tls,
    minVersion: 'TLSv1.2' as const,
    ciphers: CIPHERS,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  }
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxFrameBytes,
    perMessageDeflate: false,
    // MQTT 3.1.1 §6: the subprotocol is "mqtt"; version 3.1 had "mqttv3.1".
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false),
  })
  const upgrade: Upgrade = (request, socket, head) => {
    if ((request.url ?? '').split('?', 1)[0] !== WEBSOCKET_PATH) return false
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => client.terminate())
      handle(createWebSocketStream(client), request.socket, request)
    })
    return true
  }
  const open: Server[] = []
  const start = async (server: Server, port: number | undefined): Promise<number | undefined> => {
    if (port === undefined) return undefined
    server.listen(port, options.host)
    await once(server, 'listening')
    open.push(server)
    return (server.address() as AddressInfo).port
  }
  const plain = (socket: Socket) => handle(socket, socket, undefined)
  const web = <S extends HttpServer>(server: S): S => {
    server.on('upgrade', (request, socket, head) => {
      if (!upgrade(request, socket, head)) socket.destroy()
    })
    return server
  }
  const refuse: Parameters<typeof createServer>[1] = (_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    response.end(`MQTT over WebSocket is at ${WEBSOCKET_PATH}.\n`)
  }
  const ports: Ports = {
    tcp: await start(createTcpServer(TCP, plain), options.tcpPort),
    ws: await start(web(createServer(TCP, refuse)), options.wsPort),
    tls: options.tlsPort === undefined ? undefined : await start(createTlsServer(secure, plain), options.tlsPort),
    wss:
      options.wssPort === undefined ? undefined : await start(web(createHttpsServer(secure, refuse)), options.wssPort),
  }
  return {
    ports,
    upgrade,
    renew(files) {
      for (const server of open) if (server instanceof TlsServer) server.setSecureContext({ ...secure, ...files })
    },
    async close() {
      for (const client of sockets.clients) client.terminate()
      await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

/** Upgrades that `upgrade` takes are kept from the server's other listeners; to be called when those are there (Fastify: after ready). */
export function takeUpgrades(server: HttpServer, upgrade: Upgrade): void {
  const others = server.listeners('upgrade')
  server.removeAllListeners('upgrade')
  server.on('upgrade', (request, socket, head) => {
    if (upgrade(request, socket, head)) return
    if (others.length === 0) socket.destroy()
    for (const other of others) other.call(server, request, socket, head)
  })
}
