import { readFileSync } from 'node:fs'
import { parquetMetadata } from 'hyparquet/src/metadata.js'
import { bytesSource } from '#core/base/source.ts'
import { openInputs } from '#core/scan/open.ts'

const b = new Uint8Array(readFileSync(process.argv[2]!))
const t = performance.now()
try {
  for (const { input } of await openInputs(bytesSource('f', b))) {
    let n = 0
    for await (const x of input.steps()) for (const y of x.flows) n += y.length
    console.log(n, input.stats)
  }
} catch (e) {
  console.log(String(e))
}
console.log(performance.now() - t)
try {
  const m = parquetMetadata(b.buffer)
  console.log(
    m.num_rows,
    m.row_groups.map((g) => [
      g.num_rows,
      g.columns.map((c) =>
        [
          c.meta_data?.num_values,
          c.meta_data?.encodings,
          c.meta_data?.total_compressed_size,
          c.meta_data?.data_page_offset,
          c.meta_data?.codec,
        ].join(),
      ),
    ]),
  )
} catch (e) {
  console.log(e)
}
