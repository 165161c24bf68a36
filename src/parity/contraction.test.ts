import { describe, expect, test } from 'vitest'
import { bytesOf, typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { contracted, contractionOf } from './contraction.ts'

test.each(['ij->ji', 'ii,ij->j', 'ij,jk->k', '...i,ij->...j', 'ij,jk,kl->il', ''])('%s is no product of two matrices', (equation) => {
  expect(contractionOf(equation)).toBeUndefined()
})

describe('contractions are the sums that they say', () => {
  test.each(['ij,jk->ik', 'ij,jk->ki', 'bij,bkj->bik', 'abc,cde->abde', 'aecd,abcd->acbe', 'ij,kl->ikjl', 'abcd,cde->abe'])(
    '%s',
    (equation) => {
      const c = contractionOf(equation)!
      const size = (label: string) => 10 + (label.charCodeAt(0) % 3)
      const labels = [...new Set([...c.left, ...c.right])]
      const arrayFor = (text: string, seed: number): NdArray => {
        const shape = [...text].map(size)
        const values = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => ((i * seed) % 7) - 3)
        return { dtype: 'f32', shape, bytes: bytesOf(values) }
      }
      const [x, y] = [arrayFor(c.left, 3), arrayFor(c.right, 5)]
      const [a, b] = [typedView('f32', x.bytes), typedView('f32', y.bytes)]
      const result = contracted(c, x, y, 1)
      const large = contracted(c, x, y, 1e9)
      expect(large).toBeUndefined()
      const shape = [...c.output].map(size)
      const expected = new Float32Array(shape.reduce((n, d) => n * d, 1))
      const at = new Map(labels.map((label) => [label, 0]))
      const position = (text: string) => [...text].reduce((n, label) => n * size(label) + at.get(label)!, 0)
      const visit = (i: number): void => {
        const label = labels[i]
        if (label === undefined) expected[position(c.output)]! += a[position(c.left)]! * b[position(c.right)]!
        else
          for (let k = 0; k < size(label); k++) {
            at.set(label, k)
            visit(i + 1)
          }
      }
      visit(0)
      expect(result!.shape).toEqual(shape)
      expect([...typedView('f32', result!.bytes)]).toEqual([...expected])
    },
  )
})

test('operands whose sizes do not meet are left to others', () => {
  const array = (...shape: number[]): NdArray => ({ dtype: 'f32', shape, bytes: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)) })
  expect(contracted(contractionOf('ij,jk->ik')!, array(20, 20), array(21, 20), 1)).toBeUndefined()
  expect(contracted(contractionOf('ij,jk->ik')!, array(20, 20), array(20, 20, 1), 1)).toBeUndefined()
})
