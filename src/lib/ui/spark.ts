/** Shapes of the small timeline beside a scan. */

/** Greatest value of each of at most `columns` neighbouring groups. */
export function shrink(values: readonly number[], columns: number): number[] {
  const groups = Math.min(columns, values.length)
  return Array.from({ length: groups }, (_, group) => {
    const from = Math.floor((group * values.length) / groups)
    const to = Math.floor(((group + 1) * values.length) / groups)
    let most = 0
    for (let i = from; i < to; i++) most = Math.max(most, values[i]!)
    return most
  })
}

/** A line through the square roots, so that quiet hours stay visible beside a burst. */
export function sparkPath(values: readonly number[], width: number, height: number): string {
  const points = shrink(values, width / 2)
  if (points.length === 0) return ''
  const top = Math.sqrt(Math.max(1, ...points))
  const step = points.length > 1 ? width / (points.length - 1) : 0
  const y = (value: number) => (height - (Math.sqrt(value) / top) * (height - 1)).toFixed(1)
  if (points.length === 1) return `M0 ${y(points[0]!)}H${width}`
  return points.map((value, i) => `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${y(value)}`).join('')
}

/** Where findings are, in whole pixels without doubles. */
export function sparkTicks(findings: readonly number[], width: number): number[] {
  const places = new Set<number>()
  findings.forEach((count, i) => {
    if (count > 0) places.add(Math.round(((i + 0.5) * (width - 2)) / findings.length) + 1)
  })
  return [...places]
}

/** All devices of a timeline as one line. */
export function sumLanes(lanes: readonly { bytes: readonly number[]; findings: readonly number[] }[]): {
  activity: number[]
  findings: number[]
} {
  const bins = Math.max(0, ...lanes.map((lane) => lane.bytes.length))
  const sum = (pick: (lane: (typeof lanes)[number]) => readonly number[]) =>
    Array.from({ length: bins }, (_, bin) => lanes.reduce((total, lane) => total + (pick(lane)[bin] ?? 0), 0))
  return { activity: sum((lane) => lane.bytes), findings: sum((lane) => lane.findings) }
}
