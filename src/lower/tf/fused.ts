import type { SourceAttr, SourceAttrs } from '../../import/source-graph.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import { SourceOp } from '../source-op.ts'
import { elementwise } from './elementwise.ts'
import { linear } from './linear.ts'
import { nn } from './nn.ts'
import { image } from './resample.ts'

/*
 * Ops that TensorFlow's graph optimizer and the converter of TensorFlow.js make of several: the first, then those of `fused_ops`, each
 * taking its further operands in turn. They are taken apart again; the fusions of TFLite are made later.
 * @see tensorflow/core/grappler/optimizers/remapper.cc, tfjs-converter/src/operations/executors/convolution_executor.ts
 */

/** What follows the first op: its operands besides the result so far, and the attributes that have other names in it. */
interface Follower {
  readonly operands: number
  readonly attrs?: Readonly<Record<string, string | SourceAttr>>
  readonly lower: Lowering
}

const no: SourceAttr = { kind: 'bool', value: false }
const unary = (lower: Lowering): Follower => ({ operands: 0, lower })
const followers: ReadonlyMap<string, Follower> = new Map<string, Follower>([
  ['BiasAdd', { operands: 1, lower: lowering(elementwise, 'BiasAdd') }],
  ['FusedBatchNorm', { operands: 4, attrs: { is_training: no }, lower: lowering(nn, 'FusedBatchNormV3') }],
  ['Prelu', { operands: 1, lower: (n, b) => b.op(op.prelu, [n.in(0), n.in(1)]) }],
  ['LeakyRelu', { operands: 0, attrs: { alpha: 'leakyrelu_alpha' }, lower: lowering(elementwise, 'LeakyRelu') }],
  ['GeluExact', unary((n, b) => b.op(op.gelu, [n.in(0)], { approximate: false }))],
  ['GeluApproximate', unary((n, b) => b.op(op.gelu, [n.in(0)], { approximate: true }))],
  ...['Relu', 'Relu6', 'Elu', 'Sigmoid', 'Tanh'].map((name): [string, Follower] => [name, unary(lowering(elementwise, name))]),
])

function lowering(registry: LoweringRegistry, name: string): Lowering {
  return (n, b) => registry[name]!(n, b)
}

function fused(name: string, first: Lowering, operands: number): Lowering {
  return (n, b) => {
    const attr = n.node.attrs.get('fused_ops')
    const names = attr?.kind === 'strings' ? attr.value.filter((f) => f !== 'NoOp') : []
    let x = only(first(part(n, name, n.operands.slice(0, operands)), b))
    let used = operands
    for (const follower of names) {
      const next = followers.get(follower) ?? n.reject(`${follower} after it is not supported`)
      const more = Array.from({ length: next.operands }, (_, i) => n.in(used + i))
      x = only(next.lower(part(n, follower, [x, ...more], next.attrs), b))
      used += next.operands
    }
    return x
  }
}

/** One of the fused ops, with the attributes of all. */
function part(n: SourceOp, name: string, operands: readonly Value[], renamed: Follower['attrs'] = {}): SourceOp {
  const { attrs } = n.node
  const own: SourceAttrs = {
    get(key) {
      const other = Object.hasOwn(renamed, key) ? renamed[key]! : key
      return typeof other === 'string' ? attrs.get(other) : other
    },
    has: (key) => Object.hasOwn(renamed, key) || attrs.has(key),
    names: () => [...new Set([...attrs.names(), ...Object.keys(renamed)])],
  }
  return new SourceOp({ ...n.node, op: name, attrs: own }, operands)
}

function only(result: ReturnType<Lowering>): Value {
  return Array.isArray(result) ? (result as readonly Value[])[0]! : (result as Value)
}

/** Batch normalization with an optional addend and activation. */
function batchNorm(n: SourceOp, b: OpBuilder): Value {
  const sides = n.int('num_side_inputs', 0)
  const y = only(lowering(nn, 'FusedBatchNormV3')(part(n, 'FusedBatchNormV3', n.operands.slice(0, 5)), b))
  const sum = sides === 0 ? y : b.op(op.add, [y, n.in(5)])
  const activation = n.string('activation_mode', 'Identity')
  if (activation === 'Identity') return sum
  return activation === 'Relu' ? b.op(op.relu, [sum]) : n.reject(`the activation ${activation} is not supported`)
}

/** A picture resized, its rim mirrored, and convolved. */
function resizedPadConv(n: SourceOp, b: OpBuilder): Value {
  const resized = part(n, 'ResizeBilinear', [n.in(0), n.in(1)], { align_corners: 'resize_align_corners' })
  return only(nn.FusedPadConv2D!(part(n, 'FusedPadConv2D', [only(image.ResizeBilinear!(resized, b)), n.in(2), n.in(3)]), b))
}

export const fusedOps: LoweringRegistry = {
  _FusedMatMul: fused('MatMul', lowering(linear, 'MatMul'), 2),
  _FusedConv2D: fused('Conv2D', lowering(nn, 'Conv2D'), 2),
  FusedDepthwiseConv2dNative: fused('DepthwiseConv2dNative', lowering(nn, 'DepthwiseConv2dNative'), 2),
  _FusedDepthwiseConv2dNative: fused('DepthwiseConv2dNative', lowering(nn, 'DepthwiseConv2dNative'), 2),
  _FusedBatchNormEx: batchNorm,
  FusedResizeAndPadConv2D: resizedPadConv,
  Prelu: (n, b) => b.op(op.prelu, [n.in(0), n.in(1)]),
}
