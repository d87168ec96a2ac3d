/** The flows of one device of a scan as models see them: for explaining what was found among them. */
import { InputError } from '#core/base/errors.ts'
import type { FlowDataset } from '#core/detect/dataset.ts'
import { FlowCollector } from '#core/scan/collector.ts'
import { MAX_DATASET_ROWS } from '#core/scan/dataset.ts'
import { batchOf, ofDevice } from './flow-records.ts'
import { spansOfScan } from './flows.ts'
import { store } from './store.ts'

export interface DeviceFlowsQuery {
  readonly scanId: string
  readonly device: string
  /** What was read after this row of the file is not wanted. */
  readonly lastRow: number
  /** Of the judge that shall explain them. */
  readonly mostSeen?: ((column: string) => number | undefined) | undefined
}

/** In time order; of a long scan the last before the row. Throws InputError when none is kept. */
export async function collectDeviceFlows({
  scanId,
  device,
  lastRow,
  mostSeen,
}: DeviceFlowsQuery): Promise<FlowDataset> {
  const all = await spansOfScan(scanId)
  const spans = all.filter((span) => (span.devices[device] ?? 0) > 0 && span.firstRow <= lastRow)
  let rows = 0
  let first = spans.length
  while (first > 0 && rows + spans[first - 1]!.devices[device]! <= MAX_DATASET_ROWS)
    rows += spans[--first]!.devices[device]!
  const collector = new FlowCollector({ maxRows: MAX_DATASET_ROWS, hasLabels: false, mostSeen })
  collector.startCapture(scanId)
  for (const { key } of spans.slice(first)) {
    const [stored] = await store().getMany('flows', [key])
    if (!stored) continue
    const [numbers] = await store().getMany('flowFeatures', [key])
    const { flow, features } = ofDevice(stored, numbers, device)
    const began = all.filter((span) => span.key <= key).map(({ firstMicros }) => firstMicros)
    collector.add(batchOf(flow, features), { ...flow, deviceIds: [...flow.deviceIds] }, Math.min(...began))
  }
  if (collector.rows === 0)
    throw new InputError('The flows of this case found no room when it was scanned. Scan the file again to see more.')
  const { labels: _, droppedColumns: __, ...gathered } = collector.finish()
  return { ...gathered, labels: undefined, classes: ['benign'] }
}
