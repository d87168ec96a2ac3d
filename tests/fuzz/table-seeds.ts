/** Small good files of every kind that tables come in. */
import { existsSync, readFileSync } from 'node:fs'
import { gzipSync, zipSync } from 'fflate'
import { FEATURE_NAMES } from '#core/flow/features.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const rows = (count: number, row: (i: number) => string) => Array.from({ length: count }, (_, i) => row(i)).join('\n')

const ZEEK_FIELDS =
  'ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\torig_pkts\tresp_pkts'
const zeekRow = (i: number) =>
  `154540${i}.87\t192.168.1.${i}\t4083${i}\t1.1.1.1\t22\ttcp\t-\t0.5\t${i * 9}\t-\tSF\t${i}\t2`
const FOUR = 'ts,orig_pkts,resp_pkts,orig_bytes,resp_bytes,proto,label'
const four = `${FOUR}\n${rows(12, (i) => `${1_545_403_816 + i}.25,${i},2,${i * 100},0,${i % 2 ? 'tcp' : 'udp'},Benign`)}\n`
const quoted = `"orig_pkts";"resp_pkts";"orig_bytes";"resp_bytes";"src_ip"\r\n${rows(12, (i) => `"${i}";2;"3";4;"10.0.0.${i}"\r`)}\n`
const cic = `${FEATURE_NAMES.join(',')},Label\n${rows(3, (i) => `${FEATURE_NAMES.map((_, j) => (j === 14 ? 'Infinity' : j === 1 ? 0 : i + j)).join(',')},BENIGN`)}`
const zeek = `#separator \\x09\n#unset_field\t-\n#path\tconn\n#fields\t${ZEEK_FIELDS}\n#types\ttime\n${rows(12, zeekRow)}\n#close\n`
const iot23 = `#separator \\x09\n#path\tconn\n#fields\t${ZEEK_FIELDS}\ttunnel_parents   label   detailed-label\n${rows(12, (i) => `${zeekRow(i)}\t-   Malicious   C&C`)}\n`
const zeekJson = rows(
  12,
  (i) =>
    `{"ts":${i}.5,"uid":"C${i}","id.orig_h":"10.0.0.1","proto":"tcp","conn_state":"SF","orig_pkts":${i},"resp_pkts":1,"orig_bytes":5}`,
)
const eve = rows(
  12,
  (i) =>
    `{"timestamp":"2017-04-07T22:25:3${i % 10}.25+0000","event_type":"${i === 3 ? 'dns' : 'flow'}","src_ip":"10.0.0.1","proto":"UDP","flow":{"pkts_toserver":1,"pkts_toclient":${i},"bytes_toserver":70,"bytes_toclient":3,"start":"2017-04-07T22:24:37.2+0000","end":"2017-04-07T22:24:38.2+0000"}}`,
)
const list = `[${rows(12, (i) => `{"orig_pkts":${i},"resp_pkts":2,"orig_bytes":3,"resp_bytes":{"a":[1]}},`)}{}]`

function utf16(text: string): Uint8Array {
  const units = Uint16Array.from(`\ufeff${text}`, (sign) => sign.charCodeAt(0))
  return new Uint8Array(units.buffer)
}

/** DuckDB's, beside the golden tests. */
function parquets(): Uint8Array[] {
  return ['four-snappy', 'four-gzip', 'four-uncompressed']
    .map((name) => new URL(`../golden/tables/${name}.parquet`, import.meta.url))
    .filter((url) => existsSync(url))
    .map((url) => new Uint8Array(readFileSync(url)))
}

export const TABLE_SEEDS: readonly Uint8Array[] = [
  ...[four, four, quoted, cic, zeek, iot23, zeekJson, eve, list].map(encode),
  utf16(four.replaceAll(',', '\t')),
  gzipSync(encode(four)),
  new Uint8Array([...gzipSync(encode(four)), ...gzipSync(encode(zeek))]),
  zipSync({
    'conn.log': encode(zeek),
    'a.png': encode('\x89PNG\r\n\x1a\n'),
    'x/dns.log': encode('#separator \\x09\n#path\tdns\n#fields\tts\tquery\n1\ta\n'),
  }),
  zipSync({ 'four.csv.gz': gzipSync(encode(four)) }, { level: 0 }),
  ...parquets(),
]
