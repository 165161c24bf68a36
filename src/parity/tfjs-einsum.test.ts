import { describe, expect, test } from 'vitest'
import { loadNodeTfJs } from '../platform/node-tfjs.ts'
import { contract, contractionOf } from './tfjs-einsum.ts'

test.each(['ij->ji', 'ii,ij->j', 'ij,jk->k', '...i,ij->...j', 'ij,jk,kl->il', ''])('%s is no product of two matrices', (equation) => {
  expect(contractionOf(equation)).toBeUndefined()
})

describe('contractions are the sums that they say', () => {
  test.each(['ij,jk->ik', 'ij,jk->ki', 'bij,bkj->bik', 'abc,cde->abde', 'aecd,abcd->acbe', 'ij,kl->ikjl', 'bi,bi->b'])(
    '%s',
    async (equation) => {
      const { core } = await loadNodeTfJs()
      const c = contractionOf(equation)!
      const size = (label: string) => 2 + (label.charCodeAt(0) % 3)
      const labels = [...new Set([...c.left, ...c.right])]
      const arrayFor = (text: string, seed: number) => {
        const shape = [...text].map(size)
        return { shape, values: Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => ((i * seed) % 7) - 3) }
      }
      const [x, y] = [arrayFor(c.left, 3), arrayFor(c.right, 5)]
      const result = contract(core, c, core.tensor(x.values, x.shape, 'float32'), core.tensor(y.values, y.shape, 'float32'))
      const shape = [...c.output].map(size)
      const expected = new Float32Array(shape.reduce((n, d) => n * d, 1))
      const at = new Map(labels.map((label) => [label, 0]))
      const position = (text: string) => [...text].reduce((n, label) => n * size(label) + at.get(label)!, 0)
      const visit = (i: number): void => {
        const label = labels[i]
        if (label === undefined) expected[position(c.output)]! += x.values[position(c.left)]! * y.values[position(c.right)]!
        else
          for (let k = 0; k < size(label); k++) {
            at.set(label, k)
            visit(i + 1)
          }
      }
      visit(0)
      expect(result.shape).toEqual(shape)
      expect([...(result.dataSync() as Float32Array)]).toEqual([...expected])
    },
  )
})
