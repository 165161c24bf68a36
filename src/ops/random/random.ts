import { index } from '../dtypes.ts'
import { attr, defineOp, type OpSpec, operand } from '../spec.ts'

/** Two zeros draw a seed at each run. */
const seeds = { seed: attr.i64('seed'), seed2: attr.i64('seed2') }

function random<const Name extends string>(name: Name, summary: string): OpSpec<Name, typeof seeds> {
  return defineOp<Name, typeof seeds>({
    name,
    builtin: name.toUpperCase(),
    summary,
    operands: [operand('shape', ['i32'], { preparing: true })],
    attrs: seeds,
    options: 'RandomOptions',
    infer: (n) => [{ dtype: 'f32', shape: n.dims('shape') ?? n.unknownShape('shape') }],
    quant: { floatOnly: 'no integer kernel' },
    version: () => 1,
    releases: { 1: '2.8.0' },
    accuracy: 'random',
  })
}

export const randomUniform = random('random_uniform', 'numbers from [0, 1)')
export const randomStandardNormal = random('random_standard_normal', 'normally distributed numbers')

/** `count` classes drawn for each row of unnormalized log-probabilities. Files hold `to` only as the type of the result. */
export const multinomial = defineOp({
  name: 'multinomial',
  builtin: 'MULTINOMIAL',
  summary: 'classes drawn by log-probability',
  operands: [operand('logits', ['f32']), operand('count', ['i32'], { preparing: true })],
  attrs: { ...seeds, to: attr.dtype('', 'i64') },
  options: 'RandomOptions',
  infer(n) {
    const { shape } = n.type('logits')
    if (shape.length !== 2 || !index.includes(n.attrs.to)) n.fail('the logits must have rank 2 and the classes be i32 or i64')
    return [{ dtype: n.attrs.to, shape: [shape[0]!, n.dims('count')?.[0] ?? n.unknown('')] }]
  },
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '2.8.0' },
  accuracy: 'random',
})
