/** CSV as RFC 4180 §2 writes it, with cells that no spreadsheet takes for a formula (threat model P5). */

export type Cell = string | number | undefined

/** How a formula begins in Excel, LibreOffice and Sheets; full-width forms are folded by some of them. */
const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠]/
const PLAIN_NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/
/** A semicolon or tab parts cells in some countries' spreadsheets, so that a formula could begin behind it. */
const NEEDS_QUOTES = /[",;\t\r\n]|^\s|\s$/

/** Rows with a head, lines ended by CRLF. Undefined and NaN become empty. */
export function writeCsv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map(csvRow).join('')
}

/** One line with its end. */
export function csvRow(row: readonly Cell[]): string {
  return `${row.map(writeCell).join(',')}\r\n`
}

function writeCell(cell: Cell): string {
  if (cell === undefined || Number.isNaN(cell)) return ''
  const text = String(cell)
  const safe = FORMULA_START.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
