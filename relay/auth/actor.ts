/** Who asks, and whether they may: one hook for every route; a route that does not say who may call it stops the start. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ROLES, type Role } from '#core/account/wire.ts'
import { RefusedError } from '../http/errors.ts'
import { isLocalHost } from '../site.ts'

/** `ingest`: whoever may send traffic; `public`: anyone. */
export type Access = Role | 'ingest' | 'public'

export interface Actor {
  readonly id: string
  readonly name: string
  /** `ingest` for keys that may only send traffic. */
  readonly role: Role | 'ingest'
  readonly kind: 'user' | 'key'
}

declare module 'fastify' {
  interface FastifyContextConfig {
    role?: Access
    /** Not for keys: what only makes sense for somebody who is logged in. */
    peopleOnly?: true
  }
  interface FastifyRequest {
    /** Only where the route is not public; otherwise reading it throws. */
    readonly actor: Actor
    /** Undefined for who has not said who they are. */
    knownActor: Actor | undefined
  }
}

export interface GuardOptions {
  /** By cookie or key; undefined when there is neither, or it is not valid (any more). */
  readonly find: (request: FastifyRequest) => Promise<Actor | undefined>
  /** Besides localhost: the names under which the relay may be addressed. */
  readonly hosts: ReadonlySet<string>
}

export function guard(app: FastifyInstance, { find, hosts }: GuardOptions): void {
  app.decorateRequest('knownActor', undefined)
  app.decorateRequest('actor', {
    getter(this: FastifyRequest) {
      if (!this.knownActor) throw new Error(`${this.routeOptions.url} reads the actor of a public route`)
      return this.knownActor
    },
  })
  app.addHook('onRoute', ({ method, url, config }) => {
    if (!config?.role) throw new Error(`${String(method)} ${url} does not say who may call it`)
  })
  app.addHook('onRequest', async (request) => {
    if (!isAddressed(request.headers.host, hosts))
      throw new RefusedError(421, 'This relay does not answer to that name. Its owner can add it (RELAY_HOSTS).')
    refuseForeignOrigin(request)
    // Without a route the answer is 404, whoever asks.
    const { role: access = 'public', peopleOnly } = request.routeOptions.config
    if (access === 'public') return
    request.knownActor = await find(request)
    if (!request.knownActor) throw new RefusedError(401, 'Log in first.')
    if (peopleOnly && request.knownActor.kind === 'key')
      throw new RefusedError(403, 'This is for people who are logged in, not for keys.')
    if (!mayCall(request.knownActor.role, access))
      throw new RefusedError(403, `This needs the role ${access}; yours is ${request.knownActor.role}.`)
  })
}

export function mayCall(role: Actor['role'], access: Access): boolean {
  if (access === 'public') return true
  if (role === 'ingest') return access === 'ingest'
  const rank = ROLES.indexOf(access === 'ingest' ? 'operator' : access)
  return ROLES.indexOf(role) <= rank
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A page from elsewhere must not act with the cookie of this one (CSRF), nor open its WebSockets. */
function refuseForeignOrigin(request: FastifyRequest): void {
  const { origin, host, upgrade, cookie } = request.headers
  const isSafe = SAFE.has(request.method) && upgrade === undefined
  if (isSafe) return
  // Browsers always say where a request comes from; what has no cookie is no browser with a session.
  if (origin === undefined && (cookie === undefined || upgrade !== undefined)) return
  if (origin !== undefined && hostOf(origin) === host?.toLowerCase()) return
  throw new RefusedError(403, 'This request comes from another site.')
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

function isAddressed(host: string | undefined, hosts: ReadonlySet<string>): boolean {
  return isLocalHost(host) || (host !== undefined && hosts.has(host.replace(/:\d+$/, '').toLowerCase()))
}
