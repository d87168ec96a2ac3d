/** Scans files off the page: bytes in, findings to the database. Pages hear of them through live queries, not from here. */
import { expose } from 'comlink'
import type { ThresholdChoice } from '#core/detect/threshold.ts'
import { parseOuiTable, type VendorOf } from '#core/device/vendor.ts'
import type { FlowInput } from '#core/flow/input.ts'
import type { ColumnMapping } from '#core/logs/columns.ts'
import { loadModel } from '#core/model/load.ts'
import { SHIPPED_MODEL_FOLDER } from '#core/model/shipped.ts'
import { openInputs } from '#core/scan/open.ts'
import { type ScanModel, scan } from '#core/scan/scan.ts'
import type { ScanSummary } from '#core/scan/update.ts'
import { noteDrift } from '#db/drift.ts'
import { keepLedger } from '#db/ledger.ts'
import { appendUpdate, failScan, finishScan, startScan } from '#db/scans.ts'
import { blobSource } from './blob-source.ts'
import { type Champion, openChampion } from './champion.ts'
import { ownFiles } from './own-files.ts'
import { openScanModel } from './scan-network.ts'
import { allowOwnWorkers } from './trusted-types.ts'

export interface ScanJob {
  readonly file: Blob
  readonly name: string
  readonly demo: boolean
  readonly threshold: ThresholdChoice
  readonly mapping: ColumnMapping | undefined
  readonly timeZone: string
}

interface Tools {
  readonly model: ScanModel
  readonly vendorOf: VendorOf
  readonly cores: number
  /** A file of the site by its path. */
  readonly fetchOwn: (path: string) => Promise<Uint8Array>
}

const UPDATE_EVERY_MS = 250

allowOwnWorkers()
keepLedger('worker')
let tools: Promise<Tools> | undefined
let running: AbortController | undefined

const api = {
  /** Loads model, engine and makers from `base`, once; a scan afterwards asks the network for nothing. */
  async prepare(base: string): Promise<void> {
    tools ??= loadTools(base)
    try {
      await tools
    } catch (error) {
      tools = undefined
      throw error
    }
  },

  /** Resolves when all captures and tables in the file are done; `onScan` hears the id of each in the store. */
  async scan(job: ScanJob, onScan: (scanId: string) => void): Promise<void> {
    if (!tools) throw new Error('scan before prepare')
    running = new AbortController()
    const { signal } = running
    const begin = async (name: string) => {
      const id = await startScan({ file: name, sizeBytes: job.file.size, demo: job.demo })
      onScan(id)
      return id
    }
    try {
      const ready = await tools
      for (const { name, input } of await openInputs(blobSource(job.name, job.file), { mapping: job.mapping })) {
        if (signal.aborted) return
        const id = await begin(name)
        await runOne({ id, name, input, job, ready, signal })
        await noteDrift(id)
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
      await failScan(await begin(job.name), error.message)
    }
  },

  stop(): void {
    running?.abort()
  },
}

export type ScanApi = typeof api
expose(api)

async function runOne(one: {
  id: string
  name: string
  input: FlowInput
  job: ScanJob
  ready: Tools
  signal: AbortSignal
}): Promise<void> {
  const { id, name, input, job, ready, signal } = one
  let own: ScanModel | undefined
  try {
    const champion = await openChampion(ready.fetchOwn)
    if (champion?.form === 'network') own = await openScanModel(champion.loaded, ready.cores)
    const model = own ?? ready.model
    const updates = scan(
      input,
      {
        file: name,
        bytesTotal: job.file.size,
        model,
        judge: champion?.form === 'folder' ? champion.judge : undefined,
        threshold: job.threshold,
        vendorOf: ready.vendorOf,
        timeZone: job.timeZone,
        inFlight: 2 * ready.cores,
        updateEveryMs: UPDATE_EVERY_MS,
      },
      signal,
    )
    for (;;) {
      const { done, value } = await updates.next()
      if (done) return await finishScan(id, withEngine(value, { model, champion }))
      await appendUpdate(id, value)
    }
  } catch (error) {
    await failScan(
      id,
      isRefusal(error)
        ? error.message
        : `The scan broke off by a fault of ours: ${String(error)}. What was found before is kept.`,
    )
    if (!isRefusal(error)) throw error
  } finally {
    await own?.network.dispose()
  }
}

/** The network's engine, unless the model in its place spoke; it may have been unable to judge this file. */
function withEngine(
  summary: ScanSummary,
  { model, champion }: { model: ScanModel; champion: Champion | undefined },
): ScanSummary {
  const spoke = champion?.form === 'folder' && champion.judge.sha256 === summary.model.sha256
  return { ...summary, model: { ...summary.model, engine: spoke ? champion.engine : model.network.engine } }
}

async function loadTools(base: string): Promise<Tools> {
  const get = ownFiles(base)
  const cores = Math.max(1, navigator.hardwareConcurrency)
  const [loaded, oui] = await Promise.all([loadModel((path) => get(SHIPPED_MODEL_FOLDER + path)), get('oui.bin')])
  return { model: await openScanModel(loaded, cores), vendorOf: parseOuiTable(oui), cores, fetchOwn: get }
}

/** By name: errors of other workers come without their class. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && (error.name === 'InputError' || error.name === 'ModelError')
}
