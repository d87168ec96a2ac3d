/** The little of Markdown that model cards use, as data: no HTML is made from text that came with a file. */

export interface Span {
  readonly kind: 'text' | 'code' | 'strong'
  readonly text: string
}

export type Block =
  | { readonly kind: 'heading'; readonly depth: number; readonly spans: readonly Span[] }
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly Span[])[] }
  | {
      readonly kind: 'table'
      readonly head: readonly (readonly Span[])[]
      readonly rows: readonly (readonly (readonly Span[])[])[]
    }

/** A card is a page or two; a longer one was not made by us. */
const MAX_CHARACTERS = 200_000

export function readMarkdown(text: string): Block[] {
  const blocks: Block[] = []
  let lines: string[] = []
  const close = () => {
    const block = blockOf(lines)
    if (block) blocks.push(block)
    lines = []
  }
  for (const line of text.slice(0, MAX_CHARACTERS).split('\n')) {
    if (line.trim() === '') close()
    else if (/^#{1,6} /.test(line)) {
      close()
      const depth = line.indexOf(' ')
      blocks.push({ kind: 'heading', depth, spans: readSpans(line.slice(depth + 1).trim()) })
    } else {
      if (lines.length > 0 && shapeOf(line) !== 'text' && shapeOf(line) !== shapeOf(lines[0]!)) close()
      lines.push(line)
    }
  }
  close()
  return blocks
}

/** `code` and **strong**; a lone mark stays as it is. */
export function readSpans(text: string): Span[] {
  const spans: Span[] = []
  let at = 0
  for (const match of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*/g)) {
    if (match.index > at) spans.push({ kind: 'text', text: text.slice(at, match.index) })
    const [whole, code, strong] = match
    spans.push(code === undefined ? { kind: 'strong', text: strong ?? '' } : { kind: 'code', text: code })
    at = match.index + whole.length
  }
  if (at < text.length) spans.push({ kind: 'text', text: text.slice(at) })
  return spans
}

function shapeOf(line: string): 'list' | 'table' | 'text' {
  if (/^\s*[-*] /.test(line)) return 'list'
  return line.startsWith('|') ? 'table' : 'text'
}

function blockOf(lines: readonly string[]): Block | undefined {
  const [first] = lines
  if (first === undefined) return undefined
  switch (shapeOf(first)) {
    case 'list': {
      const items: string[] = []
      for (const line of lines) {
        if (shapeOf(line) === 'list') items.push(line.replace(/^\s*[-*] /, ''))
        else items[items.length - 1] += ` ${line.trim()}`
      }
      return { kind: 'list', items: items.map(readSpans) }
    }
    case 'table': {
      const [head = [], ...rows] = lines.filter((line) => !/^\|[\s:|-]+$/.test(line)).map(cellsOf)
      return { kind: 'table', head, rows }
    }
    case 'text':
      return { kind: 'paragraph', spans: readSpans(lines.map((line) => line.trim()).join(' ')) }
  }
}

function cellsOf(line: string): Span[][] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '')
  return inner.split('|').map((cell) => readSpans(cell.trim()))
}
