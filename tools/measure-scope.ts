/**
 * Whether models know what they were trained on from what they were not: each set's first 70 % of benign flows in time, held against its own
 * rest and against the other sets. Usage: node tools/measure-scope.ts [--json]   (needs ../shared/data)
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { selectColumns } from '#core/detect/columns.ts'
import { type FlowDataset, takeRows } from '#core/detect/dataset.ts'
import { fitScope, judgeScope } from '#core/detect/scope.ts'
import { collectFiles } from '../cli/collect.ts'

const DATA = '../shared/data/'
const TRAINING_SHARE = 0.7
const DEVICES = ['D-LinkDayCam', 'HueBridge', 'WeMoLink', 'EdnetGateway', 'D-LinkHomeHub', 'TP-LinkPlugHS110']

interface LabelledSet {
  readonly name: string
  readonly files: readonly string[]
  readonly label?: string
  readonly benign?: string
}

const sentinel = DEVICES.flatMap((device) =>
  readdirSync(`${DATA}iot-sentinel-pcap/${device}`)
    .filter((file) => file.endsWith('.pcap'))
    .map((file, run) => ({ run, path: `${DATA}iot-sentinel-pcap/${device}/${file}` })),
)
  // A home runs its devices side by side: the first run of each, then the second
  .sort((a, b) => a.run - b.run)
  .map(({ path }) => path)
const SETS: readonly LabelledSet[] = [
  {
    name: 'CIC-IDS2017, benign',
    files: ['monday_first999', 'friday_morning_first2885'].map((day) => `${DATA}cicids2017-flows/raw79_${day}.csv.gz`),
    label: 'Label',
    benign: 'BENIGN',
  },
  { name: 'IoT Sentinel, six devices', files: sentinel },
  { name: 'MQTTset, benign', files: [`${DATA}mqttset-pcap/benign-5mb-train.pcap`] },
  { name: 'UNSW-NB15, normal', files: [`${DATA}unsw-nb15-flows/unsw_nb15_part.csv.gz`], label: 'label', benign: '0' },
]

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const sets: { name: string; data: FlowDataset }[] = []
for (const { name, files, label, benign } of SETS) {
  const data = await collectFiles(files, { label, benign })
  const { labels } = data
  const rows = Array.from({ length: data.rows }, (_, row) => row).filter((row) => !labels || labels[row] === 0)
  sets.push({ name, data: takeRows(data, rows) })
}

const results: { trained: string; judged: string; columns: number; blocks: number; outside: number }[] = []
for (const own of sets) {
  const cut = Math.floor(own.data.rows * TRAINING_SHARE)
  const order = Array.from({ length: own.data.rows }, (_, row) => row)
  const training = takeRows(own.data, order.slice(0, cut))
  const rest = takeRows(own.data, order.slice(cut))
  for (const other of sets) {
    const judged = other === own ? rest : other.data
    const common = own.data.matrix.features.filter((name) => judged.matrix.features.includes(name))
    const columns = common.length > 0 ? common : ['orig_pkts', 'resp_pkts', 'orig_bytes', 'resp_bytes']
    const scope = fitScope(selectColumns(training, columns).matrix)
    const { blocks, outside } = judgeScope(scope, selectColumns(judged, columns).matrix)
    results.push({ trained: own.name, judged: other.name, columns: columns.length, blocks, outside })
  }
}
if (options.json) console.log(JSON.stringify(results, null, 1))
else
  for (const { trained, judged, columns, blocks, outside } of results)
    console.log(
      `${trained} → ${trained === judged ? 'its own later flows' : judged}: ${outside} of ${blocks} blocks outside (${((100 * outside) / blocks).toFixed(1)} %), ${columns} columns`,
    )
