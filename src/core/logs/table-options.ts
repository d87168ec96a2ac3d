/** What is read of a table beside what a scan needs: a label column that a person named, and the numbers of its own that it has. */
import { InputError } from '../base/errors.ts'
import { type Layout, MISSING_IS_NAN, READ_NUMBER, READ_SKIP, READ_TEXT, tidyText } from './layout.ts'
import { createFinder, tidyName } from './names.ts'

export interface TableOptions {
  /** Column of ground truth, as it is written in the table; its text is taken whole. */
  readonly labelColumn?: string | undefined
  /** Whether the columns of OWN_NUMBERS come along, for detectors that learn from them. */
  readonly ownNumbers?: boolean | undefined
}

/**
 * Numbers that UNSW-NB15 says of a flow, and their names in its first edition. Not among them: sequence numbers, which are random,
 * and what holds a TTL (sttl, dttl, ct_state_ttl), which in that laboratory was the attacker's mark.
 */
const OWN_NUMBERS: readonly (readonly [string, ...string[]])[] = [
  ['dur'],
  ['rate'],
  ['sload'],
  ['dload'],
  ['sloss'],
  ['dloss'],
  ['sinpkt', 'sintpkt'],
  ['dinpkt', 'dintpkt'],
  ['sjit'],
  ['djit'],
  ['swin'],
  ['dwin'],
  ['tcprtt'],
  ['synack'],
  ['ackdat'],
  ['smean', 'smeansz'],
  ['dmean', 'dmeansz'],
  ['trans_depth'],
  ['response_body_len', 'res_bdy_len'],
  ['ct_srv_src'],
  ['ct_dst_ltm'],
  ['ct_src_dport_ltm'],
  ['ct_dst_sport_ltm'],
  ['ct_dst_src_ltm'],
  ['is_ftp_login'],
  ['ct_ftp_cmd'],
  ['ct_flw_http_mthd'],
  ['ct_src_ltm'],
  ['ct_srv_dst'],
  ['is_sm_ips_ports'],
]

/** Throws InputError, naming the columns that there are, when the label column is none of them. */
export function applyOptions(layout: Layout, { labelColumn, ownNumbers }: TableOptions): Layout {
  const labelled = labelColumn === undefined ? layout : withLabel(layout, labelColumn)
  return ownNumbers === true && layout.kind === 'unsw-csv' ? withNumbers(labelled) : labelled
}

function withLabel(layout: Layout, name: string): Layout {
  const last = layout.columns.length - 1
  const packed = (layout.columns[last] ?? '').split(/ {2,}/)
  const part = packed.length > 1 ? packed.indexOf(name) : -1
  const at = part >= 0 ? last : findColumn(layout.columns, name)
  if (at < 0) throw new InputError(noColumnText(layout.columns, packed, name))
  if (layout.reading[at] !== READ_SKIP && layout.reading[at] !== READ_TEXT)
    throw new InputError(`the column ${name} is a number of the flow itself; a label says what the flow was`)
  const reading = layout.reading.slice()
  reading[at] = READ_TEXT
  return {
    ...layout,
    reading,
    label: at,
    labelDetail: -1,
    tidyLabel:
      part >= 0
        ? (text) => (text.split(/ {2,}/)[part] ?? '').trim()
        : at === layout.label
          ? layout.tidyLabel
          : tidyText,
    categories: layout.categories.filter((column) => column !== at),
  }
}

/** By the exact name, else by the only one that is alike but for case and blanks. */
function findColumn(columns: readonly string[], name: string): number {
  const exact = columns.indexOf(name)
  if (exact >= 0) return exact
  const alike = columns.flatMap((column, at) => (tidyName(column) === tidyName(name) ? [at] : []))
  return alike.length === 1 ? alike[0]! : -1
}

function noColumnText(columns: readonly string[], packed: readonly string[], name: string): string {
  const all = packed.length > 1 ? [...columns.slice(0, -1), ...packed] : columns
  // A label stands at the end of most tables.
  const shown = all.slice(-12).map((column) => column.trim().slice(0, 40) || '(no name)')
  const which = all.length > shown.length ? `the last ${shown.length} of its ${all.length} columns` : 'its columns'
  return `This table has no column ${JSON.stringify(name)} to take labels from; ${which} are ${shown.join(', ')}.`
}

function withNumbers(layout: Layout): Layout {
  const find = createFinder(layout.columns, [])
  const reading = layout.reading.slice()
  const policy = layout.policy.slice()
  const numbers = OWN_NUMBERS.flatMap((names) => {
    const column = find.first(names)
    if (column < 0 || (reading[column] !== READ_SKIP && reading[column] !== READ_NUMBER)) return []
    if (reading[column] === READ_SKIP) {
      reading[column] = READ_NUMBER
      policy[column] = MISSING_IS_NAN
    }
    return [{ name: names[0], column }]
  })
  return { ...layout, reading, policy, numbers }
}
