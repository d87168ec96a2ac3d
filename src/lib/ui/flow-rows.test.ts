import { expect, it } from 'vitest'
import { type FlowLine, flowCell, orderFlows, usedColumns } from './flow-rows.ts'

const flow = (part: Partial<FlowLine>): FlowLine => ({
  row: 1,
  startMicros: Number.NaN,
  origAddress: '',
  respAddress: '',
  respPort: -1,
  protocol: -1,
  origPkts: 1,
  respPkts: 2,
  origBytes: 1500,
  respBytes: 0,
  ...part,
})

it('orders by numbers and by addresses as people count', () => {
  const flows = [
    flow({ respAddress: '10.0.0.10' }),
    flow({ respAddress: '10.0.0.9' }),
    flow({ respAddress: '10.0.0.9', origBytes: 9 }),
  ]
  expect([...orderFlows(flows, { column: 'respAddress', descending: false })]).toEqual([1, 2, 0])
  expect([...orderFlows(flows, { column: 'origBytes', descending: false })]).toEqual([2, 0, 1])
  expect([...orderFlows(flows, { column: 'origBytes', descending: true })]).toEqual([0, 1, 2])
})
it('leaves out columns that a source does not have', () => {
  expect(usedColumns([flow({})]).map((column) => column.key)).toEqual([
    'row',
    'origPkts',
    'respPkts',
    'origBytes',
    'respBytes',
  ])
})
it('writes cells with units', () => {
  expect(flowCell(flow({}), 'origBytes')).toBe('1.5\u202fkB')
  expect(flowCell(flow({ protocol: 6 }), 'protocol')).toBe('TCP')
  expect(flowCell(flow({}), 'respPort')).toBe('–')
})
