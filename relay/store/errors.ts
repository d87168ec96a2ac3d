/** The store could not take a write: full, locked or out of reach. What was acknowledged before stands; this write does not. */
export class StoreError extends Error {
  override name = 'StoreError' as const
}

const SQLITE_FULL = 13
const SQLITE_BUSY = 5
const SQLITE_IOERR = 10

/** Codes of Node's sockets, and classes 08 (connection), 53 (resources) and 57 (shutdown) of PostgreSQL. */
const AWAY = /^(ECONN|EPIPE|ETIMEDOUT|ENOENT|EHOSTUNREACH|ENOTFOUND|08|53|57P)/

/** A StoreError for what the store itself could not do; anything else comes back as it is. */
export function asStoreError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  const sqlite = typeof errcode === 'number' ? errcode & 0xff : undefined
  if (sqlite === SQLITE_FULL)
    return new StoreError('The disk is full: nothing new can be kept until there is room.', { cause: error })
  if (sqlite === SQLITE_BUSY) return new StoreError('Another program holds the database.', { cause: error })
  if (sqlite === SQLITE_IOERR) return new StoreError('The disk refused to write.', { cause: error })
  if (isAway(error, code)) return new StoreError('The database is out of reach.', { cause: error })
  return error
}

function isAway(error: Error, code: unknown): boolean {
  if (typeof code === 'string' && AWAY.test(code)) return true
  // pg has no code for these two.
  return /^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message)
}
