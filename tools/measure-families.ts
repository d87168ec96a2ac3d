/**
 * What the classifier of attack families says of a family that it never saw: `node tools/measure-families.ts [FOLDER]` (data sets, default
 * ../shared/data). Each family of the CIC flows is left out in turn; every fifth flow of the others tells how it does on what it knows.
 */
import { learn } from '#core/detect/catalogue.ts'
import { type FlowDataset, takeRows } from '#core/detect/dataset.ts'
import { readCaptures } from './evaluate/captures.ts'

const FLOWS = {
  pattern: 'cicids2017-flows/cleaned52_balanced.csv.gz',
  label: { column: 'Attack Type', benign: 'Normal Traffic' },
} as const

async function tellLeftOut(data: FlowDataset, leftOut: number): Promise<string> {
  const rows = Array.from({ length: data.rows }, (_, row) => row).filter((row) => data.labels![row]! >= 0)
  const unseen = rows.filter((row) => data.labels![row] === leftOut)
  const others = rows.filter((row) => data.labels![row] !== leftOut)
  const train = takeRows(
    data,
    others.filter((row) => row % 5 > 0),
  )
  // As the model that is shipped
  const { judge } = await learn(train, { kind: 'family', seed: 1, options: { rounds: 40, leaves: 15 } })
  const name = async (part: FlowDataset) => {
    const told = await judge.families!(part)
    return Array.from(told.family, (code) => (code < 0 ? undefined : told.classes[code]))
  }
  const named = await name(takeRows(data, unseen))
  const share = (fits: (name: string | undefined) => boolean) => (named.filter(fits).length / named.length).toFixed(3)
  const known = others.filter((row) => row % 5 === 0)
  const knownNames = await name(takeRows(data, known))
  const silent = knownNames.filter((one) => one === undefined).length
  const wrong = knownNames.filter(
    (one, i) => one !== undefined && one !== data.classes[data.labels![known[i]!]!],
  ).length
  const benign = data.classes[0]
  return [
    data.classes[leftOut],
    share((one) => one === undefined),
    share((one) => one === benign),
    share((one) => one !== undefined && one !== benign),
    (silent / known.length).toFixed(3),
    (wrong / (known.length - silent)).toFixed(4),
  ].join(' | ')
}

const data = await readCaptures(process.argv[2] ?? '../shared/data', [FLOWS])
console.log('left out | no name | called benign | another name | known: no name | known: wrong of named')
for (let family = 1; family < data.classes.length; family++) console.log(await tellLeftOut(data, family))
