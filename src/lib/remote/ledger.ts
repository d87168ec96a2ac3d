/** The proof that nothing is sent: what Settings shows. The page calls `keepLedger('page')` once, in the outermost layout. */
export { policyText } from '#core/base/policy.ts'
export {
  clearLedger,
  isToRelay,
  keepLedger,
  type LedgerCounts,
  type LedgerPart,
  watchLedger,
  watchLedgerCounts,
} from '#db/ledger.ts'
export type { LedgerRecord } from '#db/schema.ts'
