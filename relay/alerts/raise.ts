/** Keeps one alert for each case, folds storms, and decides within the same transaction whether a message is owed. */
import type { Transaction } from 'kysely'
import { type AlertDraft, dueMicros, isWorthTelling, STORM_MICROS, type Telling } from '#core/alert/alert.ts'
import { type Severity, severityRank } from '#core/alert/severity.ts'
import type { AlertType } from '#core/alert/wire.ts'
import type { Tables } from '../store/schema.ts'
import { updateAlert } from './store.ts'

type Trx = Transaction<Tables>

export interface Raised {
  readonly id: number
  /** True when there was no alert of this case before. */
  readonly isNew: boolean
  /** Folded into another one: nobody is told, unless it is louder. */
  readonly isFolded: boolean
  /** When a message may go out; undefined: none is owed. */
  readonly dueMicros: number | undefined
}

export async function raise(trx: Trx, draft: AlertDraft, telling: Telling, nowMicros: number): Promise<Raised> {
  const known = draft.case === '' ? await findOpenLike(trx, draft) : await findOfCase(trx, draft.case)
  if (known) return grow(trx, known, draft, telling, nowMicros)
  const storm = await findStorm(trx, telling, nowMicros)
  if (storm !== undefined) {
    // A storm is told again when it becomes louder, so that it hides nothing that is worse.
    const isLouder = severityRank(draft.severity) > severityRank(storm.severity)
    await updateAlert(
      trx,
      storm.id,
      {
        folded: storm.folded + 1,
        changed_micros: await nextChange(trx, nowMicros),
        unread: 1,
        ...(isLouder ? { severity: draft.severity, state: 'open' } : {}),
      },
      { revises: isLouder },
    )
    const due = isLouder ? dueOf(draft, telling, nowMicros) : undefined
    return { id: storm.id, isNew: false, isFolded: true, dueMicros: due }
  }
  const { id } = await trx
    .insertInto('alerts')
    .values({
      device: draft.device,
      type: draft.type,
      severity: draft.severity,
      state: 'open',
      title: draft.title,
      text: draft.text,
      advice: JSON.stringify(draft.advice),
      case_id: draft.case,
      opened_micros: nowMicros,
      changed_micros: await nextChange(trx, nowMicros),
      changed_by: null,
      folded: 0,
      unread: 1,
      notes: '[]',
      revision: 1,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id, isNew: true, isFolded: false, dueMicros: dueOf(draft, telling, nowMicros) }
}

type Known = Pick<Tables['alerts'], 'type' | 'severity' | 'title' | 'text' | 'state' | 'opened_micros'> & {
  readonly id: number
}

async function grow(trx: Trx, known: Known, draft: AlertDraft, telling: Telling, nowMicros: number): Promise<Raised> {
  const before = {
    severity: known.severity as Severity,
    type: known.type as AlertType,
    toldMicros: known.opened_micros,
  }
  // It was new when it began, and stays so.
  const type = known.type === 'new_attack_type' && draft.type !== 'sustained_attack' ? known.type : draft.type
  const isLouder = severityRank(draft.severity) > severityRank(before.severity)
  const isSame = known.title === draft.title && known.text === draft.text && known.type === type && !isLouder
  const told = { id: known.id, isNew: false, isFolded: false }
  if (isSame) return { ...told, dueMicros: undefined }
  const severity = isLouder ? draft.severity : before.severity
  await updateAlert(
    trx,
    known.id,
    {
      type,
      severity,
      title: draft.title,
      text: draft.text,
      advice: JSON.stringify(draft.advice),
      changed_micros: await nextChange(trx, nowMicros),
      // What became louder is to be looked at again, whoever had put it away.
      ...(isLouder ? { state: 'open', unread: 1 } : {}),
    },
    { revises: isLouder },
  )
  const isOwed = isWorthTelling(before, { severity, type }, telling, nowMicros)
  return { ...told, dueMicros: isOwed ? dueOf(draft, telling, nowMicros) : undefined }
}

/** Rises with every change, also of two in one moment: pages ask for what came after. */
export async function nextChange(trx: Trx, nowMicros: number): Promise<number> {
  const { last } = await trx
    .selectFrom('alerts')
    .select((eb) => eb.fn.max('changed_micros').as('last'))
    .executeTakeFirstOrThrow()
  return Math.max(nowMicros, Number(last ?? 0) + 1)
}

function findOfCase(trx: Trx, caseId: string): Promise<Known | undefined> {
  return trx.selectFrom('alerts').selectAll().where('case_id', '=', caseId).executeTakeFirst()
}

/** Of what has no case, one that still stands: a device is silent once, not every quarter of an hour. */
function findOpenLike(trx: Trx, { device, type }: AlertDraft): Promise<Known | undefined> {
  return trx
    .selectFrom('alerts')
    .selectAll()
    .where('device', '=', device)
    .where('type', '=', type)
    .where('state', '=', 'open')
    .executeTakeFirst()
}

async function findStorm(
  trx: Trx,
  { stormAlerts }: Telling,
  nowMicros: number,
): Promise<{ id: number; folded: number; severity: Severity } | undefined> {
  const recent = await trx
    .selectFrom('alerts')
    .select(['id', 'folded', 'severity'])
    .where('opened_micros', '>', nowMicros - STORM_MICROS)
    .orderBy('id', 'desc')
    .limit(stormAlerts)
    .execute()
  const [newest] = recent
  if (!newest || recent.length < stormAlerts) return undefined
  return { ...newest, severity: newest.severity as Severity }
}

function dueOf({ severity }: AlertDraft, telling: Telling, nowMicros: number): number | undefined {
  if (severityRank(severity) < severityRank(telling.minSeverity)) return undefined
  return dueMicros(severity, telling, nowMicros)
}
