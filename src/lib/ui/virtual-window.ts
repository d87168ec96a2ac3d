/** Which rows of a long table are in view. */

export const ROW_PX = 28

/** Chromium clamps an element at 33,554,428 px; half of it is also within Firefox's 17,895,698 px. */
export const MAX_TABLE_PX = 16_000_000

export interface TableColumn<Key extends string> {
  readonly key: Key
  readonly label: string
  /** A track of a CSS grid. */
  readonly width: string
  readonly number?: boolean
  readonly mono?: boolean
  /** May be cut off: the whole text is in the tooltip. */
  readonly wide?: boolean
}

export interface TableWindow {
  readonly first: number
  readonly count: number
  /** Height of all rows together, as the scroll bar sees it. */
  readonly totalPx: number
  /** Where the first drawn row stands. */
  readonly offsetPx: number
  /** How far to scroll for one row; less than a row's height once the table is clamped. */
  readonly pxPerRow: number
}

export function windowOf(table: { rowCount: number; scrollTop: number; viewPx: number }): TableWindow {
  const { rowCount, viewPx } = table
  const fullPx = rowCount * ROW_PX
  const totalPx = Math.min(fullPx, MAX_TABLE_PX)
  const visible = Math.ceil(viewPx / ROW_PX) + 1
  const scrollTop = Math.min(Math.max(0, table.scrollTop), Math.max(0, totalPx - viewPx))
  if (fullPx <= MAX_TABLE_PX) {
    const first = Math.max(0, Math.min(Math.floor(scrollTop / ROW_PX) - 4, rowCount - visible))
    return {
      first,
      count: Math.min(visible + 8, rowCount - first),
      totalPx,
      offsetPx: first * ROW_PX,
      pxPerRow: ROW_PX,
    }
  }
  const whole = Math.floor(viewPx / ROW_PX)
  const position = scrollTop / (totalPx - viewPx)
  const first = Math.min(Math.round(position * (rowCount - whole)), rowCount - whole)
  return {
    first,
    count: Math.min(visible, rowCount - first),
    totalPx,
    offsetPx: Math.min(scrollTop, totalPx - whole * ROW_PX),
    pxPerRow: (totalPx - viewPx) / (rowCount - whole),
  }
}
