/** Figures of the running relay in Prometheus' text form. */
import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export class Measures {
  readonly #registry = new Registry()
  readonly #requests = new Histogram({
    name: 'guardian_request_seconds',
    help: 'Time to answer, by route and status',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.#registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'guardian_' })
  }

  watch(app: FastifyInstance): void {
    app.addHook('onResponse', async (request, reply) => {
      // The route's pattern, never its address: labels must stay few.
      const route = request.routeOptions.url ?? 'none'
      this.#requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    })
  }

  /** `read` is asked at each reading. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name: `guardian_${name}`,
      help,
      registers: [this.#registry],
      async collect() {
        this.set(await read())
      },
    })
  }

  counter(name: string, help: string): (by?: number) => void {
    const counter = new Counter({ name: `guardian_${name}_total`, help, registers: [this.#registry] })
    return (by = 1) => counter.inc(by)
  }

  async read(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() }
  }
}
