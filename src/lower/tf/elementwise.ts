import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import type { AttrSchema, OpSpec } from '../../ops/spec.ts'
import { softplus } from '../layers.ts'
import { reshapeTo } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/** One op to one op, operands in order. */
export function direct(spec: OpSpec<string, AttrSchema>): Lowering {
  return (n, b) => b.op(spec, n.operands)
}
const as = (spec: unknown): Lowering => direct(spec as OpSpec<string, AttrSchema>)

const first: Lowering = (n) => n.in(0)

function splat(b: OpBuilder, like: Value, value: number): Value {
  return like.type.dtype === 'f32' ? b.f32([value]) : b.i32([value], [])
}

/** Adds the bias along the channel axis: last for NHWC, dim 1 for NCHW. */
function biasAdd(n: SourceOp, b: OpBuilder): Value {
  const [x, bias] = [n.in(0), n.in(1)]
  const rank = x.type.shape.length
  if (n.string('data_format', 'NHWC') === 'NHWC' || rank === 2) return b.op(op.add, [x, bias])
  const shape = [bias.type.shape[0]!, ...new Array<number>(rank - 2).fill(1)]
  return b.op(op.add, [x, reshapeTo(b, bias, shape)])
}

/** Has no builtin: the optimizer makes GELU of it where it can and expands it elsewhere. */
function withoutBuiltin(n: SourceOp, b: OpBuilder): Value {
  if (n.in(0).type.dtype !== 'f32') n.reject(`only f32 is supported, found ${n.in(0).type.dtype}`)
  const results = [{ name: b.name, type: n.in(0).type }]
  return b.graph.addNode({ op: 'custom', attrs: { customCode: n.node.op }, inputs: [n.in(0)], results, origin: b.origin }).results[0]!
}

function pow(n: SourceOp, b: OpBuilder): Value {
  const [x, y] = [n.in(0), n.in(1)]
  if (y.data && y.type.dtype === 'f32' && y.data.byteLength === 4) {
    const e = new DataView(y.data.bytes().slice().buffer).getFloat32(0, true)
    if (e === 2) return b.op(op.mul, [x, x])
    if (e === 0.5) return b.op(op.sqrt, [x])
    if (e === -0.5) return b.op(op.rsqrt, [x])
    if (e === 1) return x
  }
  return b.op(op.pow, [x, y])
}

export const elementwise: LoweringRegistry = {
  Identity: first,
  IdentityN: (n) => n.operands,
  StopGradient: first,
  PreventGradient: first,
  CheckNumerics: first,
  Snapshot: first,
  PlaceholderWithDefault: first,
  EnsureShape: first,
  Add: as(op.add),
  AddV2: as(op.add),
  Sub: as(op.sub),
  Mul: as(op.mul),
  Div: as(op.div),
  RealDiv: as(op.div),
  BiasAdd: biasAdd,
  Maximum: as(op.maximum),
  Minimum: as(op.minimum),
  SquaredDifference: as(op.squaredDifference),
  Pow: pow,
  FloorDiv: as(op.floorDiv),
  FloorMod: as(op.floorMod),
  Greater: as(op.greater),
  GreaterEqual: as(op.greaterEqual),
  Less: as(op.less),
  LessEqual: as(op.lessEqual),
  Equal: as(op.equal),
  NotEqual: as(op.notEqual),
  LogicalAnd: as(op.logicalAnd),
  LogicalOr: as(op.logicalOr),
  LogicalNot: as(op.logicalNot),
  Relu: (n, b) => (n.in(0).type.dtype === 'f32' ? b.op(op.relu, [n.in(0)]) : b.op(op.maximum, [n.in(0), splat(b, n.in(0), 0)])),
  Relu6: as(op.relu6),
  LeakyRelu: (n, b) => b.op(op.leakyRelu, [n.in(0)], { alpha: Math.fround(n.float('alpha', 0.2)) }),
  Elu: as(op.elu),
  Sigmoid: as(op.logistic),
  Tanh: as(op.tanh),
  Softplus: (n, b) => softplus(b, n.in(0)),
  Softsign: (n, b) => b.op(op.div, [n.in(0), b.op(op.add, [b.op(op.abs, [n.in(0)]), b.f32([1])])]),
  Erf: withoutBuiltin,
  Erfc: withoutBuiltin,
  Exp: as(op.exp),
  Log: as(op.log),
  Sqrt: as(op.sqrt),
  Rsqrt: as(op.rsqrt),
  Sin: as(op.sin),
  Cos: as(op.cos),
  Floor: as(op.floor),
  Ceil: as(op.ceil),
  Round: as(op.round),
  Rint: as(op.round),
  Abs: as(op.abs),
  Neg: as(op.neg),
  Sign: as(op.sign),
  ZerosLike: as(op.zerosLike),
  Square: (n, b) => (n.in(0).type.dtype === 'f32' ? b.op(op.square, [n.in(0)]) : b.op(op.mul, [n.in(0), n.in(0)])),
  Reciprocal: (n, b) => b.op(op.div, [b.f32([1]), n.in(0)]),
  Inv: (n, b) => b.op(op.div, [b.f32([1]), n.in(0)]),
  Log1p: (n, b) => b.op(op.log, [b.op(op.add, [n.in(0), b.f32([1])])]),
  Expm1: (n, b) => b.op(op.sub, [b.op(op.exp, [n.in(0)]), b.f32([1])]),
  Cast: (n, b) => {
    const [x, to] = [n.in(0), n.type('DstT')]
    return x.type.dtype === to ? x : b.op(op.cast, [x], { to })
  },
}
