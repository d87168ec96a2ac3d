/** Kysely over Node's own SQLite: WAL, and synchronous FULL, so that what is committed survives a power cut. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'

const BUSY_MS = 5000
/** Prepared statements kept by their text: lists of many rows make texts of many lengths, which are not worth keeping. */
const KEPT_STATEMENTS = 200
const LONGEST_KEPT = 2000

export function sqliteDialect(file: string): SqliteDialect {
  return new SqliteDialect({ database: async () => open(file) })
}

function open(file: string): SqliteDatabase {
  const database = new DatabaseSync(file)
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA busy_timeout = ${BUSY_MS};
    PRAGMA foreign_keys = ON;
    PRAGMA journal_size_limit = 67108864;
  `)
  const kept = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = kept.get(sql)
      if (known) return known
      const statement = asKysely(database.prepare(sql))
      if (sql.length > LONGEST_KEPT) return statement
      if (kept.size >= KEPT_STATEMENTS) kept.delete(kept.keys().next().value ?? '')
      kept.set(sql, statement)
      return statement
    },
  }
}

function asKysely(statement: StatementSync): SqliteStatement {
  const reader = statement.columns().length > 0
  const given = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
  return {
    reader,
    all: (parameters) => statement.all(...given(parameters)),
    run: (parameters) => statement.run(...given(parameters)),
    iterate: (parameters) => statement.iterate(...given(parameters)),
  }
}
