/** History and cases as files for other programs. */
import { readCases } from '#db/cases.ts'
import type { CaseRecord, ScanRecord } from '#db/schema.ts'
import { fileSafe, saveFile } from './save-file.ts'
import { sayProblem } from './undo.ts'

export type ExportKind = 'history-csv' | 'cases-csv' | 'json'

export async function exportScans(scans: readonly ScanRecord[], kind: ExportKind): Promise<void> {
  try {
    const report = await import('#core/report/export.ts')
    const name = scans.length === 1 ? fileSafe(scans[0]!.file) : 'iot-guardian-history'
    const cases = kind === 'history-csv' ? [] : await casesOf(scans)
    if (kind === 'history-csv') saveFile(`${name}.csv`, report.historyCsv(scans), 'text/csv')
    else if (kind === 'cases-csv') saveFile(`${name}-cases.csv`, report.casesCsv(cases), 'text/csv')
    else saveFile(`${name}.json`, report.historyJson(scans, cases), 'application/json')
  } catch (error) {
    sayProblem('It was not exported', error)
  }
}

async function casesOf(scans: readonly ScanRecord[]): Promise<CaseRecord[]> {
  const all = await Promise.all(scans.map(({ id }) => readCases({ scanId: id, limit: Number.MAX_SAFE_INTEGER })))
  return all.flat()
}
