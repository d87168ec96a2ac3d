import { expect, it } from 'vitest'
import { findCommands } from './commands.ts'

const run = () => {}
const commands = [
  { id: '1', label: 'Open a file', group: 'Do', run },
  { id: '2', label: 'Front-door camera', group: 'Device', run },
  { id: '3', label: 'Cases', group: 'Page', run },
]

it('finds by all words typed, starts of words first', () => {
  expect(findCommands(commands, '').map((c) => c.id)).toEqual(['1', '2', '3'])
  expect(findCommands(commands, 'ca').map((c) => c.id)).toEqual(['2', '3'])
  expect(findCommands(commands, 'device cam').map((c) => c.id)).toEqual(['2'])
  expect(findCommands(commands, 'nothing')).toEqual([])
})
