/** `guardian mqtt-audit`: what is wrong with an MQTT broker, seen from outside. */
import { readFile } from 'node:fs/promises'
import { InputError } from '#core/base/errors.ts'
import { type MqttAudit, readMqttAuditRequest } from '#core/mqtt-audit/wire.ts'
import { auditMqtt } from '../relay/mqtt/audit.ts'

export interface MqttAuditArguments {
  readonly user: string | undefined
  /** Passwords come in files: arguments can be read by everyone on the machine. */
  readonly passwordFile: string | undefined
  readonly otherUser: string | undefined
  readonly otherPasswordFile: string | undefined
  readonly ca: string | undefined
  readonly json: boolean
}

const SIGN = { fail: '✗', pass: '✓', unknown: '?' } as const

export async function runMqttAudit(addresses: readonly string[], args: MqttAuditArguments): Promise<void> {
  const [url, ...more] = addresses
  if (url === undefined || more.length > 0) throw new InputError('guardian mqtt-audit takes one address at a time')
  const request = readMqttAuditRequest({
    url,
    username: args.user,
    password: await lineOf(args.passwordFile),
    otherUsername: args.otherUser,
    otherPassword: await lineOf(args.otherPasswordFile),
    ca: args.ca === undefined ? undefined : await readFile(args.ca, 'utf8'),
  })
  const audit = await auditMqtt(request)
  console.log(args.json ? JSON.stringify(audit) : textOf(audit))
}

/** Without the line's end, which editors add. */
async function lineOf(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
}

function textOf({ address, identity, failed, passed, unknown, findings }: MqttAudit): string {
  const who = identity === 'anonymous' ? 'without credentials' : 'with the given user'
  const order = { fail: 0, unknown: 1, pass: 2 } as const
  const sorted = [...findings].sort((a, b) => order[a.status] - order[b.status])
  return [
    `${address}, looked at ${who}: ${failed} wrong, ${passed} right, ${unknown} that cannot be said.`,
    ...sorted.map(({ status, severity, title, evidence, advice }) =>
      status === 'fail'
        ? `${SIGN.fail} ${severity.padEnd(8)} ${title}. ${evidence}\n           ${advice}`
        : `${SIGN[status]}          ${status === 'pass' ? evidence : `${title}: ${evidence}`}`,
    ),
  ].join('\n')
}
