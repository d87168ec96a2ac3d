/** Draws lanes of activity and the marks of cases with uPlot, which brings axes, brushing and the cursor. Loaded when first needed. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatClock, formatCount, formatDay } from './format.ts'
import { SEVERITY_PATHS } from './severity-shapes.ts'
import { type Lane, lanePx, type Mark, type Span } from './timeline-view.ts'

const TOP_PX = 6
const AXIS_PX = 40

export interface PlotData {
  readonly lanes: readonly Lane[]
  readonly marks: readonly Mark[]
  readonly span: Span
  /** Left edge of the first bin, and a bin's width, in the span's unit. */
  readonly origin: number
  readonly bin: number
  readonly bins: number
  /** False: the axis counts rows. */
  readonly timed: boolean
  /** By whose clock; undefined is the reader's. */
  readonly zone: string | undefined
}

export interface PlotColours {
  readonly paper: string
  readonly soft: string
  readonly hairline: string
  readonly critical: string
  readonly high: string
  readonly medium: string
  readonly low: string
}

export interface PlotCallbacks {
  onselect(span: Span): void
  onreset(): void
  onhover(place: { lane: number; bin: number; mark: Mark | undefined } | undefined): void
  onmark(mark: Mark): void
}

export class TimelinePlot {
  #data: PlotData
  #colours: PlotColours
  readonly #plot: uPlot

  constructor(
    target: HTMLElement,
    options: { data: PlotData; colours: PlotColours; widthPx: number; calls: PlotCallbacks },
  ) {
    this.#data = options.data
    this.#colours = options.colours
    const { calls } = options
    const axisColour = () => this.#colours.soft
    this.#plot = new uPlot(
      {
        // Ticks stand on whole hours of that clock.
        tzDate: (seconds) =>
          this.#data.zone === undefined
            ? new Date(seconds * 1000)
            : uPlot.tzDate(new Date(seconds * 1000), this.#data.zone),
        width: options.widthPx,
        height: heightOf(options.data),
        padding: [TOP_PX, 20, 0, 20],
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false, setScale: false, dist: 4 }, points: { show: false } },
        select: { show: true, left: 0, top: 0, width: 0, height: 0 },
        scales: {
          x: { time: options.data.timed },
          y: { auto: false, range: () => [0, Math.max(1, this.#data.lanes.length)] },
        },
        axes: [
          {
            stroke: axisColour,
            size: AXIS_PX,
            font: '12px system-ui, sans-serif',
            grid: { stroke: () => this.#colours.hairline, width: 1 },
            ticks: { show: false },
            values: (_, splits) => this.#labels(splits),
          },
          { show: false },
        ],
        series: [{}, { show: true, paths: () => null, points: { show: false } }],
        hooks: {
          draw: [() => this.#draw()],
          setSelect: [
            (plot) => {
              const { left, width } = plot.select
              if (width < 4) return
              const from = plot.posToVal(left, 'x')
              const to = plot.posToVal(left + width, 'x')
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              calls.onselect({ from: this.#fromX(from), to: this.#fromX(to) })
            },
          ],
          setCursor: [
            (plot) => {
              const { left = -1, top = -1 } = plot.cursor
              calls.onhover(left < 0 ? undefined : this.#placeAt(left, top))
            },
          ],
        },
      },
      this.#points(),
      target,
    )
    this.#plot.over.addEventListener('dblclick', () => calls.onreset())
    this.#plot.over.addEventListener('click', () => {
      const { left = -1, top = -1 } = this.#plot.cursor
      const mark = left < 0 ? undefined : this.#placeAt(left, top).mark
      if (mark) calls.onmark(mark)
    })
    this.#zoom()
  }

  update(data: PlotData, colours: PlotColours): void {
    this.#data = data
    this.#colours = colours
    this.#plot.setSize({ width: this.#plot.width, height: heightOf(data) })
    this.#plot.setData(this.#points(), false)
    this.#zoom()
  }

  resize(widthPx: number): void {
    this.#plot.setSize({ width: widthPx, height: heightOf(this.#data) })
  }

  destroy(): void {
    this.#plot.destroy()
  }

  /** uPlot wants seconds for times. */
  #toX(value: number): number {
    return this.#data.timed ? value / 1e6 : value
  }

  #fromX(x: number): number {
    return this.#data.timed ? x * 1e6 : x
  }

  #points(): uPlot.AlignedData {
    const { origin, bin, bins } = this.#data
    const xs = [this.#toX(origin), this.#toX(origin + bin * Math.max(1, bins))]
    return [xs, [0, 0]]
  }

  /** Clock times, with the day below the first one of each day; row numbers when there are no times. */
  #labels(splits: readonly number[]): string[] {
    if (!this.#data.timed) return splits.map((split) => formatCount(split))
    const { zone } = this.#data
    const days = splits.map((split) => formatDay(this.#fromX(split), zone))
    return splits.map((split, i) => {
      const clock = formatClock(this.#fromX(split), zone)
      // The first day is left out where the next one stands so close that they would touch.
      const isNew = i === 0 ? days[2] === days[0] : days[i] !== days[i - 1]
      return isNew ? `${clock}\n${days[i]}` : clock
    })
  }

  #zoom(): void {
    const { from, to } = this.#data.span
    this.#plot.setScale('x', { min: this.#toX(from), max: this.#toX(to) })
  }

  #draw(): void {
    const { ctx, bbox } = this.#plot
    const { lanes, origin, bin } = this.#data
    const ratio = devicePixelRatio
    const tall = bbox.height / Math.max(1, lanes.length)
    const x = (value: number) => this.#plot.valToPos(this.#toX(value), 'x', true)
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    lanes.forEach((lane, place) => {
      const floor = bbox.top + (place + 1) * tall
      ctx.fillStyle = this.#colours.hairline
      ctx.fillRect(bbox.left, Math.round(floor) - ratio, bbox.width, ratio)
      const values = lane.bytes.some((value) => value > 0) ? lane.bytes : lane.flows
      const top = Math.sqrt(Math.max(1, ...values))
      const columns = pixelColumns({
        values,
        findings: lane.findings,
        x,
        origin,
        bin,
        left: bbox.left,
        right: bbox.left + bbox.width,
        step: 2 * ratio,
      })
      for (const column of columns) {
        ctx.fillStyle = column.found ? this.#colours.critical : this.#colours.soft
        const height = Math.max(ratio, (Math.sqrt(column.value) / top) * (tall - 7 * ratio))
        ctx.fillRect(column.left, floor - ratio - height, column.width, height)
      }
    })
    ctx.restore()
    for (const mark of this.#data.marks) this.#drawMark(mark, tall)
  }

  #drawMark(mark: Mark, tall: number): void {
    const { ctx, bbox } = this.#plot
    const ratio = devicePixelRatio
    const start = this.#plot.valToPos(this.#toX(mark.start), 'x', true)
    const end = this.#plot.valToPos(this.#toX(mark.end), 'x', true)
    if (end < bbox.left || start > bbox.left + bbox.width) return
    const left = Math.max(bbox.left, start)
    const width = Math.max(2 * ratio, Math.min(end, bbox.left + bbox.width) - left)
    const top = bbox.top + mark.lane * tall
    ctx.save()
    ctx.fillStyle = this.#colours[mark.severity]
    ctx.globalAlpha = 0.16
    ctx.fillRect(left, top, width, tall - ratio)
    ctx.globalAlpha = 1
    ctx.translate(left + Math.min(width / 2, 10 * ratio) - 6 * ratio, top + 2 * ratio)
    ctx.scale(ratio, ratio)
    const shape = new Path2D(SEVERITY_PATHS[mark.severity])
    // A rim of paper keeps the shape apart from bars of the same colour.
    ctx.strokeStyle = this.#colours.paper
    ctx.lineWidth = 4
    ctx.stroke(shape)
    if (mark.severity === 'low') {
      ctx.strokeStyle = this.#colours.low
      ctx.lineWidth = 1.75
      ctx.stroke(shape)
    } else ctx.fill(shape)
    ctx.restore()
  }

  #placeAt(left: number, top: number): { lane: number; bin: number; mark: Mark | undefined } {
    const { lanes, origin, bin, marks } = this.#data
    const value = this.#fromX(this.#plot.posToVal(left, 'x'))
    const lane = Math.min(
      lanes.length - 1,
      Math.max(0, Math.floor((top / this.#plot.over.clientHeight) * lanes.length)),
    )
    const reach = Math.abs(this.#fromX(this.#plot.posToVal(left + 8, 'x')) - value)
    const near = marks.filter((mark) => mark.lane === lane && value >= mark.start - reach && value <= mark.end + reach)
    return { lane, bin: Math.floor((value - origin) / bin), mark: near[0] }
  }
}

function heightOf(data: PlotData): number {
  return data.lanes.length * lanePx(data.lanes.length) + TOP_PX + AXIS_PX
}

interface Column {
  readonly left: number
  readonly width: number
  readonly value: number
  readonly found: boolean
}

/** One column for each bin, or for each few pixels where bins are narrower: the greatest value wins, no spike is lost. */
function pixelColumns(options: {
  values: readonly number[]
  findings: readonly number[]
  x: (value: number) => number
  origin: number
  bin: number
  left: number
  right: number
  step: number
}): Column[] {
  const { values, findings, x, origin, bin, left, right, step } = options
  const columns: Column[] = []
  let open: { left: number; right: number; value: number; found: boolean } | undefined
  const close = () => {
    if (open)
      columns.push({
        left: open.left,
        width: Math.max(step / 2, open.right - open.left - step / 4),
        value: open.value,
        found: open.found,
      })
    open = undefined
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const found = (findings[i] ?? 0) > 0
    if (value === 0 && !found) continue
    const from = x(origin + i * bin)
    const to = x(origin + (i + 1) * bin)
    if (to < left || from > right) continue
    if (open && to - open.left < step) {
      open.right = to
      open.value = Math.max(open.value, value)
      open.found ||= found
    } else {
      close()
      open = { left: from, right: to, value, found }
    }
  }
  close()
  return columns
}
