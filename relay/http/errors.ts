/** Every error as an answer: a status, a name and a sentence. What is our mistake is logged and told as such. */
import type { FastifyError, FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { InputError, ModelError } from '#core/base/errors.ts'
import { securityHeaders } from '#core/base/policy.ts'
import { StoreError } from '../store/errors.ts'

/** A request that is refused, with the status and the sentence that say why. `more` is added to the answer. */
export class RefusedError extends Error {
  override name = 'RefusedError' as const
  readonly status: number
  readonly more: Readonly<Record<string, unknown>>

  constructor(status: number, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.status = status
    this.more = more
  }
}

interface Told {
  readonly status: number
  readonly message: string
  readonly more?: Readonly<Record<string, unknown>>
}

export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError | Error>((error, request, reply) => {
    const { status, message, more } = tell(error)
    if (status >= 500) request.log.error(error)
    return reply
      .code(status)
      .headers(securityHeaders())
      .send({ ...more, error: status >= 500 ? 'failed' : 'refused', message })
  })
}

function tell(error: FastifyError | Error): Told {
  if (error instanceof RefusedError) return error
  if (error instanceof v.ValiError) return { status: 400, message: describeIssues(error.issues) }
  if (error instanceof InputError || error instanceof ModelError) return { status: 400, message: error.message }
  if (error instanceof StoreError) return { status: 503, message: `${error.message} Nothing of this request was kept.` }
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (status !== undefined && status >= 400 && status < 500) return { status, message: error.message }
  return { status: 500, message: 'The relay made a mistake; its log says which.' }
}

/** `records.0.orig_pkts: expected a number …` for each of the first few. */
function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => [v.getDotPath(issue), issue.message].filter(Boolean).join(': '))
    .join('. ')
}
