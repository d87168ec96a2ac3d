import { expect, it } from 'vitest'
import { movePanel, PANELS, readPanels } from './panels.ts'

it('reads what was kept, and all panels when nothing was', () => {
  expect(readPanels(null)).toEqual(PANELS)
  expect(readPanels({ alerts: true })).toEqual(PANELS)
  expect(readPanels(['devices', 'weather', 'alerts', 'devices', 4])).toEqual(['devices', 'alerts'])
  expect(readPanels([])).toEqual([])
})

it('moves a panel by one place, not past the ends', () => {
  expect(movePanel(PANELS, 'alerts', -1)).toEqual(['figures', 'alerts', 'timeline', 'devices'])
  expect(movePanel(PANELS, 'alerts', 1)).toEqual(['figures', 'timeline', 'devices', 'alerts'])
  expect(movePanel(PANELS, 'figures', -1)).toEqual(PANELS)
  expect(movePanel(PANELS, 'devices', 1)).toEqual(PANELS)
  expect(movePanel(['alerts'], 'devices', 1)).toEqual(['alerts'])
})
