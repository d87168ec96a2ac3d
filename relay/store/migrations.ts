/** The tables in the order in which they came to be. A migration that has been released is never changed; the next one is added below. */
import type { ColumnDataType, CreateTableBuilder, Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { StoreError } from './errors.ts'
import type { Tables } from './schema.ts'
import type { Store } from './store.ts'

/** Throws the error of the migration that failed; those before it stand. */
export async function migrate(db: Kysely<Tables>, kind: Store['kind']): Promise<void> {
  const migrations: Record<string, Migration> = { '001-first': { up: (schema) => createFirst(schema, kind) } }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error instanceof Error && error.name !== 'Error') throw error
  if (error) throw new StoreError('The tables could not be brought up to date.', { cause: error })
}

type Made = CreateTableBuilder<string, string>
/** `name` or `name?` for one that may be null. */
type Column = readonly [name: string, type: ColumnDataType]

const TEXT = 'text' as const
const WHOLE = 'bigint' as const
const REAL = 'double precision' as const

const FIRST: Record<string, { readonly key: string | readonly string[]; readonly columns: readonly Column[] }> = {
  users: {
    key: 'id',
    columns: [
      ['id', TEXT],
      ['name', TEXT],
      ['role', TEXT],
      ['password?', TEXT],
      ['failures', WHOLE],
      ['locked_until_micros?', WHOLE],
      ['created_micros', WHOLE],
    ],
  },
  passkeys: {
    key: 'id',
    columns: [
      ['id', TEXT],
      ['user_id', TEXT],
      ['public_key', TEXT],
      ['counter', WHOLE],
      ['transports', TEXT],
      ['name', TEXT],
      ['created_micros', WHOLE],
    ],
  },
  sessions: {
    key: 'hash',
    columns: [
      ['hash', TEXT],
      ['user_id', TEXT],
      ['created_micros', WHOLE],
      ['expires_micros', WHOLE],
      ['last_seen_micros', WHOLE],
    ],
  },
  api_keys: {
    key: 'id',
    columns: [
      ['id', TEXT],
      ['hash', TEXT],
      ['name', TEXT],
      ['scope', TEXT],
      ['created_by', TEXT],
      ['created_micros', WHOLE],
      ['last_used_micros?', WHOLE],
    ],
  },
  tickets: {
    key: 'hash',
    columns: [
      ['hash', TEXT],
      ['user_id', TEXT],
      ['expires_micros', WHOLE],
    ],
  },
  audit: {
    key: 'seq',
    columns: [
      ['seq', WHOLE],
      ['at_micros', WHOLE],
      ['actor', TEXT],
      ['action', TEXT],
      ['target', TEXT],
      ['detail', TEXT],
      ['hash', TEXT],
    ],
  },
  devices: {
    key: 'id',
    columns: [
      ['id', TEXT],
      ['name', TEXT],
      ['type', TEXT],
      ['address', TEXT],
      ['protocol', TEXT],
      ['port', WHOLE],
      ['source', TEXT],
      ['notes', TEXT],
      ['status', TEXT],
      ['monitored', WHOLE],
      ['secret?', TEXT],
      ['created_micros', WHOLE],
      ['last_seen_micros?', WHOLE],
      ['revision', WHOLE],
    ],
  },
  cursors: {
    key: 'device',
    columns: [
      ['device', TEXT],
      ['record', WHOLE],
      ['relay', TEXT],
      ['until_micros', WHOLE],
    ],
  },
  cases: {
    key: 'id',
    columns: [
      ['id', TEXT],
      ['device', TEXT],
      ['start_micros', WHOLE],
      ['end_micros', WHOLE],
      ['severity', TEXT],
      ['body', TEXT],
      ['revision', WHOLE],
    ],
  },
  push_subscriptions: {
    key: 'endpoint',
    columns: [
      ['endpoint', TEXT],
      ['user_id', TEXT],
      ['keys', TEXT],
      ['created_micros', WHOLE],
    ],
  },
  rules: {
    key: 'id',
    columns: [
      ['id', TEXT],
      ['body', TEXT],
      ['enabled', WHOLE],
      ['created_micros', WHOLE],
      ['fired_micros?', WHOLE],
      ['revision', WHOLE],
    ],
  },
  settings: {
    key: ['user_id', 'key'],
    columns: [
      ['user_id', TEXT],
      ['key', TEXT],
      ['value', TEXT],
      ['changed_micros', WHOLE],
      ['revision', WHOLE],
    ],
  },
}

/** With an id that the store counts up. */
const COUNTED: Record<string, readonly Column[]> = {
  records: [
    ['device', TEXT],
    ['at_micros', WHOLE],
    ['source', TEXT],
    ['body', TEXT],
  ],
  verdicts: [
    ['device', TEXT],
    ['start_micros', WHOLE],
    ['end_micros', WHOLE],
    ['at_micros', WHOLE],
    ['first_record', WHOLE],
    ['last_record', WHOLE],
    ['score', REAL],
    ['threshold', REAL],
    ['severity', TEXT],
    ['one_in?', REAL],
    ['reasons', TEXT],
    ['model', TEXT],
  ],
  alerts: [
    ['device', TEXT],
    ['type', TEXT],
    ['severity', TEXT],
    ['state', TEXT],
    ['title', TEXT],
    ['text', TEXT],
    ['advice', TEXT],
    ['case_id', TEXT],
    ['opened_micros', WHOLE],
    ['changed_micros', WHOLE],
    ['changed_by?', TEXT],
    ['folded', WHOLE],
    ['unread', WHOLE],
    ['notes', TEXT],
    ['revision', WHOLE],
  ],
  outbox: [
    ['alert?', WHOLE],
    ['channel', TEXT],
    ['body', TEXT],
    ['created_micros', WHOLE],
    ['due_micros', WHOLE],
    ['tries', WHOLE],
    ['lease?', TEXT],
    ['lease_until_micros', WHOLE],
    ['done_micros?', WHOLE],
    ['error?', TEXT],
  ],
  actions: [
    ['rule', TEXT],
    ['device', TEXT],
    ['alert?', WHOLE],
    ['action', TEXT],
    ['target', TEXT],
    ['at_micros', WHOLE],
    ['expires_micros?', WHOLE],
    ['undone_micros?', WHOLE],
    ['success', WHOLE],
    ['detail', TEXT],
  ],
  scans: [
    ['name', TEXT],
    ['at_micros', WHOLE],
    ['by', TEXT],
    ['summary', TEXT],
    ['body', TEXT],
  ],
}

const INDICES: readonly (readonly [name: string, table: string, columns: readonly string[]])[] = [
  ['users_name', 'users', ['name']],
  ['sessions_user', 'sessions', ['user_id']],
  ['api_keys_hash', 'api_keys', ['hash']],
  ['records_device', 'records', ['device', 'id']],
  ['verdicts_device', 'verdicts', ['device', 'id']],
  ['verdicts_at', 'verdicts', ['at_micros']],
  ['cases_device', 'cases', ['device', 'end_micros']],
  ['alerts_changed', 'alerts', ['changed_micros']],
  ['alerts_case', 'alerts', ['case_id']],
  ['outbox_due', 'outbox', ['done_micros', 'due_micros']],
  ['actions_rule', 'actions', ['rule', 'at_micros']],
]

async function createFirst(db: Kysely<unknown>, kind: Store['kind']): Promise<void> {
  const postgres = kind === 'postgres'
  for (const [name, { key, columns }] of Object.entries(FIRST)) {
    const table = addColumns(db.schema.createTable(name), columns)
    const keys = typeof key === 'string' ? [key] : key
    await table.addPrimaryKeyConstraint(`${name}_key`, [...keys]).execute()
  }
  for (const [name, columns] of Object.entries(COUNTED)) {
    const table = db.schema.createTable(name)
    const counted = postgres
      ? table.addColumn('id', 'bigserial', (column) => column.primaryKey())
      : table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    await addColumns(counted, columns).execute()
  }
  await addColumns(db.schema.createTable('models'), [
    ['sha256', TEXT],
    ['name', TEXT],
    ['version', TEXT],
    ['archive', postgres ? 'bytea' : 'blob'],
    ['at_micros', WHOLE],
    ['active', WHOLE],
  ])
    .addPrimaryKeyConstraint('models_key', ['sha256'])
    .execute()
  for (const [name, table, columns] of INDICES) {
    const index = db.schema
      .createIndex(name)
      .on(table)
      .columns([...columns])
    await (name === 'users_name' || name === 'api_keys_hash' ? index.unique() : index).execute()
  }
}

function addColumns(table: Made, columns: readonly Column[]): Made {
  return columns.reduce((made, [name, type]) => {
    const isOptional = name.endsWith('?')
    return made.addColumn(isOptional ? name.slice(0, -1) : name, type, (column) =>
      isOptional ? column : column.notNull(),
    )
  }, table)
}
