/** Which panels a person's overview shows, and in which order. */
export const PANELS = ['figures', 'timeline', 'alerts', 'devices'] as const
export type Panel = (typeof PANELS)[number]

export const PANEL_NAMES: Readonly<Record<Panel, string>> = {
  figures: 'Figures of today',
  timeline: 'How unusual it was',
  alerts: 'Open alerts',
  devices: 'Devices',
}

/** What was kept, without panels that this version does not know and without repeats; all of them when nothing was kept. */
export function readPanels(value: unknown): Panel[] {
  if (!Array.isArray(value)) return [...PANELS]
  return [...new Set(value)].filter((one): one is Panel => PANELS.some((panel) => panel === one))
}

/** One place earlier (-1) or later (1); the same when there is no such place. */
export function movePanel(panels: readonly Panel[], panel: Panel, by: -1 | 1): Panel[] {
  const from = panels.indexOf(panel)
  const other = panels[from + by]
  if (from < 0 || other === undefined) return [...panels]
  return panels.map((one) => (one === panel ? other : one === other ? panel : one))
}
