/** Explains a finding of a kept scan off the page, by the model that made it. */
import { expose } from 'comlink'
import type { Finding } from '#core/alert/evidence.ts'
import { InputError, ModelError } from '#core/base/errors.ts'
import { explainFinding, type FindingExplanation } from '#core/explain/finding.ts'
import { MANIFEST_FILE, parseManifest } from '#core/model/folder.ts'
import { filesNamed } from '#core/model/manifest.ts'
import { SHIPPED_MODELS, shippedFolder } from '#core/model/shipped.ts'
import { linesOf } from '#core/scan/judge-flows.ts'
import type { ScanSummary } from '#core/scan/update.ts'
import { collectDeviceFlows } from '#db/device-flows.ts'
import { keepLedger } from '#db/ledger.ts'
import { readModelFiles, readModels } from '#db/models.ts'
import { openJudge } from './open-judge.ts'
import { ownFiles } from './own-files.ts'
import { allowOwnWorkers } from './trusted-types.ts'

export interface ExplainJob {
  /** Absolute address of the app's root, ending in `/`. */
  readonly base: string
  readonly scanId: string
  readonly finding: Finding
  /** As the scan's summary names the model that judged. */
  readonly model: ScanSummary['model']
}

allowOwnWorkers()
keepLedger('worker')

const api = {
  /** Rejects with a sentence when the model or the flows are not kept any more. */
  async explain({ base, scanId, finding, model }: ExplainJob): Promise<FindingExplanation> {
    const { judge, window, manifest } = await openJudge(await findModel(model, base))
    const { mostSeen } = judge
    const data = await collectDeviceFlows({ scanId, device: finding.device, lastRow: finding.rows[1], mostSeen })
    const { reasons, threshold } = finding
    if (!manifest) {
      const usual = new Map(reasons.map(({ feature, typical }) => [feature, typical]))
      return explainFinding({ judge, window, data, finding, told: (score) => score, threshold, usual })
    }
    const lines = linesOf({ judge, manifest })
    const told = (score: number) => Math.max(threshold, lines.surpriseOf(finding.device, score))
    // The line of that scan, whatever was chosen since
    const line = lines.scoreAt(finding.device, threshold)
    return explainFinding({ judge, window, data, finding, told, threshold: line })
  },
}

export type ExplainApi = typeof api
expose(api)

/** Gives the files of the model that has a file with this hash, of this home or shipped. */
async function findModel(
  { name, version, sha256 }: ScanSummary['model'],
  base: string,
): Promise<(path: string) => Promise<Uint8Array>> {
  const own = (await readModels(Number.POSITIVE_INFINITY)).find(({ files }) =>
    files.some((file) => file.sha256 === sha256),
  )
  if (own) {
    const files = await readModelFiles(own.id)
    return async (path) => {
      const bytes = files.get(path)
      if (!bytes) throw new ModelError(`this model has no ${path}`)
      return bytes
    }
  }
  for (const shipped of SHIPPED_MODELS) {
    if (shipped.name !== name || shipped.version !== version) continue
    const fetchFile = (path: string) => ownFiles(base)(shippedFolder(shipped) + path)
    const manifest = parseManifest(await fetchFile(MANIFEST_FILE))
    if (filesNamed(manifest).some((file) => file.sha256 === sha256)) return fetchFile
  }
  throw new InputError(
    `${name} ${version}, which judged this scan, is not kept here any more. Scan the file again to have it explained.`,
  )
}
