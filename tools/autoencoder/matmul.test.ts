import { expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { multiplyAdd, transposed, view } from './matmul.ts'

const random = createRandom(3)
const matrix = (rows: number, columns: number) => Float64Array.from({ length: rows * columns }, () => random.normal())

test.each([
  [1, 1, 1],
  [2, 3, 4],
  [3, 5, 7],
  [7, 2, 9],
])('%i × %i × %i agrees with the definition, also with the left side transposed', (rows, columns, inner) => {
  const a = matrix(rows, inner)
  const b = matrix(inner, columns)
  const expected = Array.from({ length: rows * columns }, (_, at) => {
    let sum = 1
    for (let k = 0; k < inner; k++) sum += a[Math.floor(at / columns) * inner + k]! * b[k * columns + (at % columns)]!
    return sum
  })
  const aT = Float64Array.from({ length: a.length }, (_, at) => a[(at % rows) * inner + Math.floor(at / rows)]!)
  for (const left of [view(a, 0, inner), transposed(view(aT, 0, rows))]) {
    const out = new Float64Array(rows * columns).fill(1)
    multiplyAdd(left, view(b, 0, columns), view(out, 0, columns), { rows, columns, inner })
    for (const [i, value] of out.entries()) expect(value).toBeCloseTo(expected[i]!, 10)
  }
})
