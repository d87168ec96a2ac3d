import { readFileSync } from 'node:fs'
import { parquetHeader } from 'hyparquet/src/column.js'
import { parquetMetadata, parquetSchema } from 'hyparquet/src/metadata.js'

const b = new Uint8Array(readFileSync(process.argv[2]!))
const m = parquetMetadata(b.buffer)
console.log(
  parquetSchema(m).children.map((c) =>
    [c.element.name, c.element.repetition_type, c.element.type, c.children.length].join(),
  ),
)
for (const g of m.row_groups)
  for (const c of g.columns) {
    const meta = c.meta_data!
    console.log(
      meta.path_in_schema,
      meta.type,
      meta.dictionary_page_offset,
      meta.data_page_offset,
      meta.total_compressed_size,
    )
    const s = Number(meta.dictionary_page_offset ?? meta.data_page_offset)
    const bytes = b.slice(s, s + Number(meta.total_compressed_size)).buffer
    const r = { view: new DataView(bytes), offset: 0 }
    try {
      while (r.offset < bytes.byteLength - 1) {
        const p = parquetHeader(r)
        console.log(
          JSON.stringify(p, (k, v) => (typeof v === 'bigint' ? Number(v) : k === 'statistics' ? undefined : v)),
        )
        console.log('  ', [...b.subarray(s + r.offset, s + r.offset + 24)].join(' '))
        r.offset += p.compressed_page_size
      }
    } catch (e) {
      console.log(String(e))
    }
  }
