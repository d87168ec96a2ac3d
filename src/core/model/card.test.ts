import { expect, it } from 'vitest'
import { writeCard } from './card.ts'

it('names files, classes and columns whole', () => {
  const card = writeCard({
    name: 'm',
    version: '1.0.0',
    kind: 'boosting',
    features: ['Flow Duration', 'Total Fwd Packets', 'Flow Bytes/s'],
    window: 1,
    classes: ['benign', 'Port scan'],
    calibration: {
      windows: 100,
      mean: 0,
      deviation: 1,
      quantiles: [0, 1],
      tail: { level: 1, share: 0.05, shape: 0, scale: 1 },
      clusterWindows: 1,
    },
    threshold: 1,
    thresholdText: 'Scores above 1.',
    dataSha256: 'a'.repeat(64),
    rows: 10,
    benignRows: 10,
    calibrationRows: 5,
    captures: ['monday.csv', 'tuesday.csv'],
    leftOut: ['Bot', 'Web attack'],
    seed: 1,
    parent: null,
    metrics: {},
  })
  expect(card).toContain('Files: monday.csv, tuesday.csv.')
  expect(card).toContain('Classes: benign, Port scan.')
  expect(card).toContain('Left out of training on purpose: Bot, Web attack.')
  expect(card).toContain('Columns (3): Flow Duration, Total Fwd Packets, Flow Bytes/s.')
})
