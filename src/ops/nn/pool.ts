import { floatOrQ } from '../dtypes.ts'
import { attr, defineOp, elementsAtBatchOne, type OpSpec, operand, versionByDType } from '../spec.ts'
import { checkWindow, slidOver } from './window.ts'

const poolAttrs = {
  padding: attr.padding(),
  stride: attr.tuple(['strideH', 'strideW'], [1, 1]),
  filter: attr.tuple(['filterHeight', 'filterWidth'], [1, 1]),
  fusedActivation: attr.activation(),
}

/** A window statistic over [N,H,W,C]; SAME padding never counts towards it. */
function pool<const Name extends string>(
  name: Name,
  summary: string,
  accuracy: 'exact' | 'rounding',
  row: Pick<OpSpec, 'quant' | 'releases' | 'passesFactors'> = {
    quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
    releases: { 1: '1.5.0', 2: '1.14.0', 3: '2.3.0' },
    passesFactors: true,
  },
): OpSpec<Name, typeof poolAttrs> {
  return defineOp<Name, typeof poolAttrs>({
    name,
    builtin: name.toUpperCase(),
    summary,
    operands: [operand('input', floatOrQ)],
    attrs: poolAttrs,
    options: 'Pool2DOptions',
    infer(n) {
      const { shape, dtype } = n.type('input')
      if (shape.length !== 4) n.fail('the input must have rank 4')
      checkWindow(n, n.attrs.stride, n.attrs.filter)
      return [{ dtype, shape: slidOver(shape, n.attrs.filter, n.attrs, shape[3]!) }]
    },
    version: versionByDType({ i8: 2, i16: 3 }),
    ...row,
    accuracy,
    cost: (n) => ({ macs: 0, elementOps: elementsAtBatchOne(n.results[0]!.shape) * n.attrs.filter[0]! * n.attrs.filter[1]! }),
  })
}

export const averagePool2d = pool('average_pool_2d', 'mean over a window', 'rounding')
export const maxPool2d = pool('max_pool_2d', 'largest value in a window', 'exact')
export const l2Pool2d = pool('l2_pool_2d', 'root of the mean square over a window', 'rounding', {
  quant: { floatOnly: 'no integer kernel' },
  releases: { 1: '1.5.0' },
})
