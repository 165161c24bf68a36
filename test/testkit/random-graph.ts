import { GraphEditor } from '../../src/ir/graph.ts'
import { seededRandom } from '../../src/ir/synthetic.ts'
import type { Graph, Value } from '../../src/ir/types.ts'
import { OpBuilder } from '../../src/ops/build.ts'
import { op } from '../../src/ops/index.ts'

/**
 * A small random picture network from a seed: convolutions, normalizations, activations, pads, pools, transposes,
 * slices, parts joined again, repeated pixels, attention, residual additions, a dense head. Its numbers stay within a few powers of two, so that rounding is all that differs.
 */
export function randomGraph(seed: number): Graph {
  const next = seededRandom(seed)
  const int = (n: number) => Math.floor(next() * n)
  const graph = new GraphEditor('random')
  const b = new OpBuilder(graph)
  const size = 5 + int(5)
  const input = graph.addInput('x', { dtype: 'f32', shape: ['N', size, size, 1 + int(3)] })
  const vector = (n: number, low = -1, high = 1) =>
    b.f32(
      Array.from({ length: n }, () => low + (high - low) * next()),
      [n],
    )
  const tensor = (shape: readonly number[]) => {
    const count = shape.reduce((x, y) => x * y, 1)
    return b.f32(
      Array.from({ length: count }, () => (2 * next() - 1) / Math.sqrt(count / shape[0]!)),
      shape,
    )
  }
  const channels = (x: Value) => x.type.shape.at(-1) as number
  const window = (): { kernel: number; stride: readonly [number, number]; padding: 'same' | 'valid' } => {
    const stride = 1 + int(2)
    return { kernel: 1 + int(3), stride: [stride, stride], padding: next() < 0.5 ? 'same' : 'valid' }
  }
  const fits = (x: Value, kernel: number, padding: string) => padding === 'same' || (x.type.shape[1] as number) > kernel
  const scaled = (x: Value): Value => {
    const c = next() < 0.5 ? b.f32([0.5 + next()]) : vector(channels(x), 0.5, 1.5)
    return b.op(next() < 0.7 ? op.mul : op.div, [x, c])
  }
  const shifted = (x: Value): Value => {
    const c = next() < 0.5 ? b.f32([next() - 0.5]) : vector(channels(x))
    return next() < 0.5 ? b.op(op.add, [x, c]) : b.op(op.sub, [x, c])
  }
  const activated = (x: Value): Value => {
    const kinds = [op.relu, op.relu6, op.reluN1To1, op.logistic] as const
    if (next() < 0.25) return b.op(op.minimum, [b.op(op.maximum, [x, b.f32([0])]), b.f32([6])])
    return b.op(kinds[int(4)] as typeof op.relu, [x])
  }
  const steps: readonly ((x: Value) => Value)[] = [
    (x) => {
      const { kernel, stride, padding } = window()
      if (!fits(x, kernel, padding)) return x
      return b.op(op.conv2d, [x, tensor([1 + int(4), kernel, kernel, channels(x)]), null], { stride, padding })
    },
    (x) => {
      const { kernel, stride, padding } = window()
      if (!fits(x, kernel, padding)) return x
      return b.op(op.depthwiseConv2d, [x, tensor([1, kernel, kernel, channels(x)]), null], { stride, padding, depthMultiplier: 1 })
    },
    scaled,
    shifted,
    (x) => shifted(scaled(x)),
    activated,
    activated,
    (x) => {
      const [before, after] = [int(2), int(2)]
      return b.op(op.pad, [x, b.i32([0, 0, before, after, before, after, 0, 0], [4, 2])])
    },
    (x) => {
      const kernel = 1 + int(2)
      if (!fits(x, kernel, 'valid')) return x
      const options = { filter: [kernel, kernel], stride: [1, 1], padding: 'valid' } as const
      return next() < 0.5 ? b.op(op.maxPool2d, [x], options) : b.op(op.averagePool2d, [x], options)
    },
    (x) => {
      const padded = b.op(op.pad, [x, b.i32([0, 0, 1, 1, 1, 1, 0, 0], [4, 2])])
      return b.op(op.conv2d, [padded, tensor([2, 3, 3, channels(x)]), null], { padding: 'valid' })
    },
    (x) => b.op(op.add, [x, activated(x)]),
    (x) => {
      const nchw = b.op(op.transpose, [x, b.i32([0, 3, 1, 2])])
      const c = b.op(op.add, [nchw, b.f32(Array.from({ length: channels(x) }, next), [channels(x), 1, 1])])
      return b.op(op.transpose, [activated(c), b.i32([0, 2, 3, 1])])
    },
    (x) => {
      const nchw = b.op(op.transpose, [x, b.i32([0, 3, 1, 2])])
      const weights = b.op(op.logistic, [b.op(op.mean, [nchw, b.i32([2, 3])], { keepDims: true })])
      return b.op(op.transpose, [b.op(op.add, [nchw, b.op(op.mul, [activated(nchw), weights])]), b.i32([0, 2, 3, 1])])
    },
    (x) => shifted(scaled(shifted(x))),
    (x) => {
      const parts = b.ops(op.split, [b.i32([2], []), b.op(op.concatenation, [x, activated(x)], { axis: 2 })], { numSplits: 2 })
      return next() < 0.5 ? parts[int(2)]! : b.op(op.concatenation, next() < 0.5 ? parts : [parts[1]!, parts[0]!], { axis: 3 })
    },
    (x) => {
      const cut = (v: Value) => {
        const rows = v.type.shape[1] as number
        const begin = int(2)
        return rows - begin < 3 ? v : b.op(op.slice, [v, b.i32([0, begin, 0, 0]), b.i32([-1, rows - begin - int(2), -1, -1])])
      }
      return cut(cut(x))
    },
    (x) => {
      const axis = b.i32([3])
      const e = b.op(op.exp, [b.op(op.sub, [x, b.op(op.reduceMax, [x, axis], { keepDims: true })])])
      return b.op(op.div, [e, b.op(op.sum, [e, axis], { keepDims: true })])
    },
    (x) => b.op(op.sub, [x, b.op(op.mul, [b.op(op.sum, [x, b.i32([3])], { keepDims: true }), b.f32([1 / channels(x)])])]),
    (x) => b.op(op.maximum, [x, b.op(op.mul, [x, b.f32([0.25])])]),
    (x) => {
      const slope = b.op(op.mul, [b.op(op.relu, [b.op(op.neg, [x])]), vector(channels(x))])
      return b.op(next() < 0.5 ? op.add : op.sub, [b.op(op.relu, [x]), slope])
    },
    (x) => {
      const condition = b.op(next() < 0.5 ? op.greater : op.lessEqual, [x, b.f32([0])])
      const low = b.op(op.mul, [x, b.f32([0.5])])
      return b.op(op.selectV2, condition && next() < 0.5 ? [condition, x, low] : [condition, low, x])
    },
    (x) => {
      const [, h, w, c] = x.type.shape as [string, number, number, number]
      const v = b.op(op.tile, [b.op(op.reshape, [vector(c), b.i32([1, 1, 1, c])]), b.i32([1, h, w, 1])])
      return b.op(op.mul, [b.op(op.broadcastTo, [v, b.i32([1, h, w, c])]), x])
    },
    (x) => {
      const [, h, w, c] = x.type.shape as [string, number, number, number]
      if (h * w > 30) return x
      const tall = b.op(op.tile, [b.op(op.reshape, [x, b.i32([-1, h, 1, w, c])]), b.i32([1, 1, 2, 1, 1])])
      const wide = b.op(op.tile, [
        b.op(op.reshape, [b.op(op.reshape, [tall, b.i32([-1, 2 * h, w, c])]), b.i32([-1, 2 * h, w, 1, c])]),
        b.i32([1, 1, 1, 2, 1]),
      ])
      return b.op(op.reshape, [wide, b.i32([-1, 2 * h, 2 * w, c])])
    },
    (x) => {
      const rows = x.type.shape[1] as number
      return b.op(op.gather, [x, b.i32(Array.from({ length: rows }, (_, i) => (next() < 0.1 ? 0 : i)))], { axis: 1 })
    },
    (x) => {
      const [, h, w, c] = x.type.shape as [string, number, number, number]
      const rows = b.op(op.reshape, [x, b.i32([-1, h * w, c])])
      const query = b.op(op.fullyConnected, [rows, tensor([c, c]), next() < 0.5 ? vector(c) : null], { keepNumDims: true })
      const logits = b.op(op.mul, [b.op(op.batchMatmul, [query, rows], { adjY: true }), b.f32([0.5])])
      const mixed = b.op(op.batchMatmul, [b.op(op.softmax, [logits], { beta: 1 }), rows])
      return b.op(op.reshape, [next() < 0.5 ? mixed : b.op(op.batchMatmul, [mixed, tensor([c, c])]), b.i32([-1, h, w, c])])
    },
    (x) => {
      const [, h, w, c] = x.type.shape as [string, number, number, number]
      return b.op(op.reshape, [activated(b.op(op.reshape, [x, b.i32([-1, h * w, c])], {})), b.i32([-1, h, w, c])], {})
    },
  ]
  let x = input
  for (let i = 2 + int(9); i > 0; i--) x = steps[int(steps.length)]!(x)
  const kept = x
  if (next() < 0.5) x = b.op(op.mean, [x, b.i32([1, 2])], { keepDims: next() < 0.3 })
  else {
    const rest = (x.type.shape.slice(1) as number[]).reduce((p, d) => p * d, 1)
    x = b.op(op.reshape, [x, b.i32([-1, rest])], {})
  }
  const head = b.op(op.fullyConnected, [scaled(x), tensor([3, channels(x)]), null], { keepNumDims: x.type.shape.length > 2 })
  const out = activated(shifted(head))
  graph.setOutputs(next() < 0.3 ? [out.id, kept.id] : [out.id])
  return graph.finish()
}
