import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constantOf, expandDims, toBool, toF32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { tensorflowOp } from '../tf/call.ts'
import { type KerasOp, layer } from './keras-op.ts'

/** The operands with dims of size 1 after the batch, so that all have the same rank; floats when one of them is. */
function aligned(k: KerasOp, b: OpBuilder): readonly Value[] {
  const operands = sameType(k, b)
  const rank = Math.max(...operands.map((v) => v.type.shape.length))
  return operands.map((v) => {
    let x = v
    while (x.type.shape.length < rank) x = expandDims(b, x, 1)
    return x
  })
}

/** What is merged; masks may stand among the operands behind. */
const inputsOf = (k: KerasOp): readonly Value[] => k.tensors(0, 'inputs').flatMap((v) => v ?? [])

function sameType(k: KerasOp, b: OpBuilder): readonly Value[] {
  const inputs = inputsOf(k)
  if (inputs.length === 0) k.reject('it needs at least one input')
  const first = inputs[0]!.type.dtype
  return inputs.every((v) => v.type.dtype === first) ? inputs : inputs.map((v) => toF32(b, v))
}

/** The mask of each input; what is reshaped to the rank of the others loses its own. */
function masksOf(k: KerasOp, b: OpBuilder): readonly (Value | undefined)[] {
  const ranks = inputsOf(k).map((v) => v.type.shape.length)
  return k.tensors(1, 'mask').map((m, i) => {
    const isKept = m && ranks[i] === Math.max(...ranks)
    return isKept ? expandDims(b, toBool(b, m), m.type.shape.length) : undefined
  })
}

/** Where the mask of one hides an element the other stands for it, in Keras 3 alone. */
function extreme(spec: typeof op.maximum | typeof op.minimum) {
  return layer((k, b) => {
    const masks = masksOf(k, b)
    const select = (mask: Value | undefined, x: Value, other: Value) => (mask ? b.op(op.selectV2, [mask, x, other]) : x)
    let [open] = masks
    return aligned(k, b).reduce((y, x, i) => {
      const next = select(masks[i], x, y)
      const before = select(open, y, next)
      open = open && masks[i] && b.op(op.logicalOr, [open, masks[i]])
      return b.op(spec as typeof op.maximum, [before, next])
    })
  })
}

/** Elements that a mask hides count as 1, in Keras 3 alone; those that all masks hide give 0. */
function multiply(k: KerasOp, b: OpBuilder): Value {
  const operands = aligned(k, b)
  const masks = masksOf(k, b)
  const product = operands
    .map((x, i) => (masks[i] ? b.op(op.selectV2, [masks[i], x, constantOf(b, x.type.dtype, [1])]) : x))
    .reduce((y, x) => b.op(op.mul, [y, x]))
  if (!operands.every((_, i) => masks[i])) return product
  const open = (masks as Value[]).reduce((y, m) => b.op(op.logicalOr, [y, m]))
  return b.op(op.selectV2, [open, product, constantOf(b, product.type.dtype, [0])])
}

function merge(spec: typeof op.add | typeof op.sub) {
  return layer((k, b) => aligned(k, b).reduce((y, x) => b.op(spec as typeof op.add, [y, x])))
}

function average(k: KerasOp, b: OpBuilder): Value {
  const sum = aligned(k, b).reduce((y, x) => b.op(op.add, [y, x]))
  return b.op(op.mul, [toF32(b, sum), b.f32([Math.fround(1 / k.operands.length)])])
}

function concatenate(k: KerasOp, b: OpBuilder): Value {
  return k.operands.length === 1 ? k.x : b.op(op.concatenation, sameType(k, b), { axis: k.axis(k.num('axis', -1), k.rank) })
}

/** x / max(|x|, 1e-6) along one axis. */
function normalized(b: OpBuilder, x: Value, axis: number): Value {
  const squares = b.op(op.sum, [b.op(op.mul, [x, x]), b.i32([axis])], { keepDims: true })
  return b.op(op.mul, [x, b.op(op.rsqrt, [b.op(op.maximum, [squares, b.f32([Math.fround(1e-12)])])])])
}

/** Products over one axis of each operand, for each element of the batch: what is left of the first, then of the second. */
function dot(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = [toF32(b, k.in(0)), toF32(b, k.in(1))]
  const option = k.config('axes')
  const list = typeof option === 'number' ? [option, option] : k.numbers('axes')
  if (list.length !== 2) throw k.bad('axes', 'an integer or two', option)
  const at = [x, y].map((v, i) => k.axis(list[i]!, v.type.shape.length)) as [number, number]
  if (at.includes(0)) k.reject('the batch cannot be multiplied away')
  const [l, r] = k.flag('normalize', false) ? [normalized(b, x, at[0]), normalized(b, y, at[1])] : [x, y]
  if (l.type.shape.length === 2 && r.type.shape.length === 2) {
    return b.op(op.sum, [b.op(op.mul, [l, r]), b.i32([1])], { keepDims: true })
  }
  const labels = (v: Value, axis: number, from: string) =>
    v.type.shape.map((_, i) => (i === 0 ? 'b' : i === axis ? 'k' : String.fromCharCode(from.charCodeAt(0) + i)))
  const [left, right] = [labels(l, at[0], 'l'), labels(r, at[1], 'A')]
  const result = ['b', ...left.slice(1), ...right.slice(1)].filter((c) => c !== 'k')
  return tensorflowOp(k, b, 'Einsum', [l, r], { equation: `${left.join('')},${right.join('')}->${result.join('')}` })[0]!
}

/** True where all masks are in Keras 2, where one of them is in Keras 3. */
function mergedMask(k: KerasOp, b: OpBuilder): Value {
  const masks = k.tensors(1, 'mask').flatMap((m) => (m ? [toBool(b, m)] : []))
  return masks.reduce((y, m) => b.op(k.keras.version === 2 ? op.logicalAnd : op.logicalOr, [y, m]))
}

/** Masks of the parts side by side; a part without one counts as true. A step is true by all of its last dim in Keras 2, by any in Keras 3. */
function concatenatedMask(k: KerasOp, b: OpBuilder): Value {
  const parts = k.tensors(0, 'inputs') as readonly Value[]
  const axis = k.axis(k.num('axis', -1), parts[0]!.type.shape.length)
  const last = parts[0]!.type.shape.length - 1
  const masks = k.tensors(1, 'mask').map((m, i) => {
    const part = parts[i]!
    const mask = m && toF32(b, m)
    const wide = mask && mask.type.shape.length <= last ? expandDims(b, mask, mask.type.shape.length) : mask
    const ones = b.op(op.add, [b.op(op.zerosLike, [toF32(b, part)]), b.f32([1])])
    return wide ? b.op(op.mul, [ones, wide]) : ones
  })
  const all = masks.length === 1 ? masks[0]! : b.op(op.concatenation, masks, { axis })
  const reduced = b.op(k.keras.version === 2 ? op.reduceMin : op.reduceMax, [all, b.i32([last])])
  return b.op(op.notEqual, [reduced, b.f32([0])])
}

/** What `masks.ts` asks for of merging layers. */
export const mergingMasks: LoweringRegistry = {
  'Merge.mask': layer(mergedMask),
  'Concatenate.mask': layer(concatenatedMask),
}

export const mergingLayers: LoweringRegistry = {
  Add: merge(op.add),
  // Of keras.applications' Inception-ResNet: a + scale * b.
  CustomScaleLayer: layer((k, b) => {
    const [x, y] = aligned(k, b)
    if (!x || !y) return k.reject('it needs two inputs')
    return b.op(op.add, [x, b.op(op.mul, [y, b.f32([Math.fround(k.num('scale', 1))])])])
  }),
  Subtract: merge(op.sub),
  Multiply: layer(multiply),
  Maximum: extreme(op.maximum),
  Minimum: extreme(op.minimum),
  Average: layer(average),
  Concatenate: layer(concatenate),
  Dot: layer(dot),
}
