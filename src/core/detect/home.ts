/**
 * The whole ensemble learnt from a home's own benign days: the nearest benign flow and an isolation forest, each held against the scores that
 * the device itself, and the home, had on days kept out; together one p-value a flow. What the page does when its owner says "learn my home".
 */
import { ModelError } from '../base/errors.ts'
import { WEIGHTS_FILE } from '../model/folder.ts'
import { loadCalibrations, saveCalibrations } from './calibration-file.ts'
import { combineP } from './conformal.ts'
import { type FlowDataset, takeRows } from './dataset.ts'
import { type DeviceCalibration, deviceKey, deviceSurprise, fitDevices } from './device-calibration.ts'
import type { LearnKind, Scorer } from './kind.ts'
import { isolationForestKind, nearestKind } from './tabular-kinds.ts'
import { FEWEST_BENIGN_ROWS, FEWEST_CALIBRATION_ROWS, splitForTraining } from './training-split.ts'

const MEMBERS: readonly (readonly [name: string, kind: LearnKind])[] = [
  ['nearest', nearestKind],
  ['isolation-forest', isolationForestKind],
]
const FILE_KIND = 'home'

export const homeKind: LearnKind = {
  supervised: false,
  // Flows are kept out twice: for its members' scores and, as of every model, for the line.
  fewestBenign: FEWEST_BENIGN_ROWS + FEWEST_CALIBRATION_ROWS,
  window: 1,
  highestLine: undefined,

  async learn(train, control) {
    const split = splitForTraining(train, 1)
    const fitted = takeRows(train, split.train)
    const kept = takeRows(train, Int32Array.from(split.calibration.flatMap((rows) => Array.from(rows))))
    const features = train.matrix.features
    const files = new Map<string, Uint8Array>()
    const calibrations: DeviceCalibration[] = []
    for (const [at, [name, kind]] of MEMBERS.entries()) {
      const weights = await kind.learn(fitted, {
        ...control,
        onProgress: (done, total) => control.onProgress?.(at + done / total, MEMBERS.length),
      })
      files.set(fileOf(name), weights.files.get(WEIGHTS_FILE)!)
      const scores = await kind.open(weights.files, features, undefined).score(kept)
      calibrations.push(fitDevices({ ...kept, scores, devices: kept.devices.map(deviceKey) }))
    }
    files.set(WEIGHTS_FILE, saveCalibrations({ kind: FILE_KIND, features }, calibrations))
    return { features, files }
  },

  open(files, features) {
    const bytes = files.get(WEIGHTS_FILE)
    if (!bytes) throw new ModelError(`the model has no file ${WEIGHTS_FILE}`)
    const calibrations = loadCalibrations(bytes, { kind: FILE_KIND, features, members: MEMBERS.length })
    const members = MEMBERS.map(([name, kind], at) => {
      const weights = files.get(fileOf(name))
      if (!weights) throw new ModelError(`the model has no file ${fileOf(name)}`)
      const scorer = kind.open(new Map([[WEIGHTS_FILE, weights]]), features, undefined)
      return { scorer, calibration: calibrations[at]! }
    })
    return {
      async score(data) {
        const surprises = await surprisesOf(members, data)
        return Float64Array.from({ length: data.rows }, (_, row) => {
          const together = combineP(surprises.map((list) => 10 ** -list[row]!))
          return Math.max(0, -Math.log10(together))
        })
      },
      /** Of the member for which the flow is rarest, on that member's own scale. */
      async explain(data, row) {
        const one = takeRows(data, [row])
        const surprises = (await surprisesOf(members, one)).map((list) => list[0]!)
        const loudest = surprises.indexOf(Math.max(...surprises))
        return members[loudest]!.scorer.explain(one, 0)
      },
    }
  },
}

interface Member {
  readonly scorer: Scorer
  readonly calibration: DeviceCalibration
}

/** By member, the surprise of each row. */
async function surprisesOf(members: readonly Member[], data: FlowDataset): Promise<Float64Array[]> {
  const keys = data.devices.map(deviceKey)
  return Promise.all(
    members.map(async ({ scorer, calibration }) => {
      const scores = await scorer.score(data)
      return scores.map((score, row) => deviceSurprise(calibration, keys[data.device[row]!] ?? '', score))
    }),
  )
}

const fileOf = (member: string): string => `${member}.bin`
