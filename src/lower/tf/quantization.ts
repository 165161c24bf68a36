import { repeatedConst } from '../../core/bytes.ts'
import { bitsOf, bytesOf, type DType, largestF32, typedView } from '../../core/dtype.ts'
import type { Shape } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { stateSteps } from '../../ops/steps.ts'
import { Formula } from '../formula.ts'
import { castTo, reshapeTo } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/** Range of stored numbers and the range of values that they hold, moved so that 0 is one of them. @see TensorFlow fake_quant_ops_functor.h, Nudge */
interface Grid {
  readonly scale: Value
  readonly zeroPoint: Value
  readonly min: Value
  readonly max: Value
}

function gridOf(f: Formula, min: Value, max: Value, low: number, high: number): Grid {
  const scale = f.div(f.sub(max, min), high - low)
  const fromMin = f.sub(low, f.div(min, scale))
  const zeroPoint = f.min(f.max(f.floor(f.add(fromMin, 0.5)), low), high)
  return { scale, zeroPoint, min: f.mul(f.sub(low, zeroPoint), scale), max: f.mul(f.sub(high, zeroPoint), scale) }
}

/**
 * The same of constant ranges as TensorFlow's converter computes it, in double: for a range around 0, such as -1..1, another number stands for 0
 * than in its kernel. @see TensorFlow quantization_utils / fake_quant_utils, GetNudgedScaleAndZeroPoint
 */
function nudgedGrid(b: OpBuilder, min: Value, max: Value, low: number, high: number): Grid | undefined {
  const [from, to] = [numbersOf(min), numbersOf(max)]
  if (!from || !to || from.length !== to.length) return undefined
  const scales = Array.from(from, (m, i) => (to[i]! - m) / (high - low))
  if (!scales.every((s) => s > 0 && Number.isFinite(s))) return undefined
  const zeroPoints = scales.map((s, i) => {
    const [belowMin, aboveMax] = [from[i]! / s, to[i]! / s]
    const isFromMin = low + Math.abs(belowMin) < high + Math.abs(aboveMax)
    return Math.min(Math.max(Math.round(isFromMin ? low - belowMin : high - aboveMax), low), high)
  })
  const spread = (numbers: readonly number[]) => b.f32(numbers, min.type.shape as readonly number[])
  return {
    scale: spread(scales),
    zeroPoint: spread(zeroPoints),
    min: spread(scales.map((s, i) => (low - zeroPoints[i]!) * s)),
    max: spread(scales.map((s, i) => (high - zeroPoints[i]!) * s)),
  }
}

/** Each value moved to the nearest of the grid, halves up. */
function onGrid(f: Formula, x: Value, { scale, min, max }: Grid): Value {
  const inverse = f.div(1, scale)
  const zero = f.floor(f.add(f.mul(f.neg(min), inverse), 0.5))
  const steps = f.sub(f.mul(f.sub(f.max(f.min(x, max), min), min), inverse), zero)
  return f.mul(f.floor(f.add(steps, 0.5)), scale)
}

const numbersOf = (v: Value): Float32Array | undefined => (v.type.dtype === 'f32' ? v.data && typedView('f32', v.data.bytes()) : undefined)

/** States that a constant lies on a grid whose steps are `scale`, of the constant's shape or broadcast to it. */
function onSteps(b: OpBuilder, value: Value, scale: Value, zeroPoint = 128): Value {
  if (!value.data || !scale.data) return value
  const spread = b.op(op.broadcastTo, [scale, b.i32(value.type.shape as readonly number[])])
  if (spread.data) stateSteps(value.data, { of: spread.data, zeroPoint })
  return value
}

/**
 * On a constant the numbers of the grid, whose steps an integer mode finds again. Elsewhere, with a constant range of 8 bits, QUANTIZE and
 * DEQUANTIZE as TensorFlow makes it; a narrow range and fewer bits, ranges per channel or found at run time are arithmetic, the first two not
 * when the model is quantized afterwards.
 */
function fakeQuant(n: SourceOp, b: OpBuilder, min: Value, max: Value): Value {
  const f = new Formula(b)
  const x = n.in(0)
  const numBits = n.int('num_bits', 8)
  if (!(numBits >= 2 && numBits <= 16)) n.reject(`num_bits must be 2 to 16, found ${numBits}`)
  const narrowRange = n.bool('narrow_range', false)
  const low = narrowRange ? 1 : 0
  const high = 2 ** numBits - 1
  const grid = (b.keepsGrids ? nudgedGrid(b, min, max, low, high) : undefined) ?? gridOf(f, min, max, low, high)
  const [scale] = numbersOf(grid.scale) ?? []
  const isPlain = scale !== undefined && grid.scale.type.shape.length === 0 && scale > 0
  if (x.data) {
    const rounded = onGrid(f, x, grid)
    const [zeroPoint, ...others] = new Set(numbersOf(grid.zeroPoint))
    const isAroundZero = zeroPoint === 2 ** (numBits - 1)
    if (zeroPoint === undefined || others.length > 0 || !(isAroundZero || numBits === 8)) return rounded
    return onSteps(b, rounded, grid.scale, isAroundZero ? 128 : zeroPoint)
  }
  const isWhole = numBits === 8 && !narrowRange
  if (!isPlain || numBits > 8 || !(isWhole || b.keepsGrids)) return onGrid(f, x, grid)
  const within = numBits === 8 ? x : f.max(f.min(x, grid.max), grid.min)
  return throughStored(b, within, 'u8', scale, numbersOf(grid.zeroPoint)![0]!)
}

/** Stored as 8 bits and widened again. */
function throughStored(b: OpBuilder, x: Value, dtype: DType, scale: number, zeroPoint: number): Value {
  const type = { dtype, shape: x.type.shape, quant: { kind: 'per-tensor', scale, zeroPoint } as const }
  const results = [{ name: b.name, type }]
  const stored = b.graph.addNode({ op: op.quantize.name, attrs: { to: dtype }, inputs: [x], results, origin: b.origin }).results[0]!
  return b.op(op.dequantize, [stored])
}

/** @see TensorFlow quantize_and_dequantize_op.h, QuantizeAndDequantizeOneScaleImpl */
function quantizeAndDequantize(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = n.in(0)
  const rank = x.type.shape.length
  const isV1 = n.node.op === 'QuantizeAndDequantize'
  const bits = n.node.op === 'QuantizeAndDequantizeV3' ? n.ints(3, 'num_bits')[0]! : n.int('num_bits', 8)
  const signed = n.bool('signed_input', true)
  const narrow = n.bool('narrow_range', false) ? 1 : 0
  const [low, high] = signed ? [-(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]
  const axis = n.int('axis', -1)
  const isGiven = n.bool('range_given', false)
  const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)
  const perAxis = (v: Value) =>
    axis < 0
      ? v
      : reshapeTo(
          b,
          v,
          x.type.shape.map((d, i) => (i === axis ? d : 1)),
        )
  const bound = (name: string, i: number, spec: typeof op.reduceMin | typeof op.reduceMax): Value => {
    if (!isGiven) return b.op(spec as typeof op.reduceMin, [x, b.i32(others)], { keepDims: axis >= 0 })
    return isV1 ? b.f32([Math.fround(n.float(name, 0))]) : perAxis(n.in(i))
  }
  const [min, max] = [bound('input_min', 1, op.reduceMin), bound('input_max', 2, op.reduceMax)]
  const side = (q: number, v: Value): Value =>
    q === 0 ? b.f32([largestF32]) : f.select(f.greater(f.mul(v, q), 0), f.div(q, v), largestF32)
  const scale = f.min(side(low, min), side(high, max))
  const inverse = f.div(1, scale)
  const [step] = (inverse.type.shape.length === 0 || axis < 0 ? numbersOf(inverse) : undefined) ?? []
  if (b.keepsGrids && !x.data && isGiven && bits === 8 && narrow === 0 && step !== undefined && step > 0 && Number.isFinite(step))
    return throughStored(b, x, signed ? 'i8' : 'u8', step, 0)
  const clipped = isGiven ? f.max(f.min(x, f.mul(inverse, high)), f.mul(inverse, low)) : x
  const steps = f.mul(clipped, scale)
  const mode = n.string('round_mode', 'HALF_TO_EVEN')
  const rounded = f.mul(mode === 'HALF_UP' ? f.floor(f.add(steps, 0.5)) : b.op(op.round, [steps]), inverse)
  return signed ? onSteps(b, rounded, inverse) : rounded
}

/** The least and the largest stored number of the types of `Dequantize` and `QuantizeV2`. */
const storedRanges: ReadonlyMap<DType, readonly [low: number, high: number]> = new Map([
  ['u8', [0, 255]],
  ['i8', [-128, 127]],
  ['u16', [0, 65535]],
  ['i16', [-32768, 32767]],
  ['i32', [-(2 ** 31), 2 ** 31 - 1]],
])

/** How a type stores a range of values, as the attributes and operands have it. */
interface Storage {
  readonly mode: string
  readonly low: number
  readonly high: number
  readonly isUnsigned: boolean
  /** One for all, or one for each place along the axis and of the rank of what is stored. */
  readonly min: Value
  readonly max: Value
  /** Whether the range is one for all. */
  readonly isWhole: boolean
}

function storageOf(n: SourceOp, b: OpBuilder, dtype: DType, shape: Shape): Storage {
  const [low, high] = storedRanges.get(dtype) ?? n.reject(`${dtype} has no range of stored numbers`)
  const mode = n.string('mode', 'MIN_COMBINED')
  const axis = n.int('axis', -1)
  if (axis >= 0 && mode === 'MIN_FIRST') n.reject('a range for each place along an axis goes with the other modes alone')
  const [min, max] = [n.in(1), n.in(2)].map((v) => {
    if (axis >= 0)
      return reshapeTo(
        b,
        v,
        shape.map((_, i) => (i === axis ? v.type.shape[0]! : 1)),
      )
    return reshapeTo(b, v, [])
  }) as [Value, Value]
  return {
    mode,
    isUnsigned: low === 0,
    low: low + (mode === 'SCALED' && n.bool('narrow_range', false) ? 1 : 0),
    high,
    min,
    max,
    isWhole: axis < 0,
  }
}

/** Halves away from 0. @see Eigen, round: what is added is the float before 1/2 */
function roundAway(f: Formula, x: Value): Value {
  return f.mul(f.b.op(op.sign, [x]), f.floor(f.add(f.abs(x), beforeHalf)))
}
const beforeHalf = 0.49999997

/** @see TensorFlow dequantize_op.cc, quantization_utils.h, QuantizedToFloatStruct */
function dequantize(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = n.in(0)
  const { mode, low, high, isUnsigned, min, max, isWhole } = storageOf(n, b, x.type.dtype, x.type.shape)
  const numbers = asFloats(b, x)
  const range = f.sub(max, min)
  const to = n.type('dtype', 'f32')
  if (mode === 'SCALED') {
    const scale = isUnsigned ? f.div(max, high) : f.max(f.div(min, low), f.div(max, high))
    const y = f.mul(numbers, scale)
    return castTo(b, isWhole ? onScale(y, scale, isUnsigned ? 0 : 128) : y, to)
  }
  const scale = f.div(range, high - low)
  if (mode === 'MIN_COMBINED') return castTo(b, f.add(f.mul(low === 0 ? numbers : f.add(numbers, -low), scale), min), to)
  if (mode !== 'MIN_FIRST') return n.reject(`the mode ${mode} is not supported`)
  const first = roundAway(f, f.div(min, scale))
  const rounded = f.select(f.equal(range, 0), min, f.mul(first, scale))
  const y = f.add(f.sub(rounded, f.mul(scale, low)), f.mul(numbers, scale))
  const [zero] = numbersOf(first) ?? []
  return castTo(b, zero === undefined ? y : onScale(y, scale, -zero), to)
}

/** Integers as f32. Constants go by f16, which holds 8 bits exactly: so each fold stays within twice what it takes. */
function asFloats(b: OpBuilder, x: Value): Value {
  return castTo(b, x.data && bitsOf(x.type.dtype) === 8 ? castTo(b, x, 'f16') : x, 'f32')
}

/** States that a constant lies on a grid of 8 bits with the steps `scale`, where 0 is the number `zero` above the least. */
function onScale(y: Value, scale: Value, zero: number): Value {
  const [step] = numbersOf(scale) ?? []
  if (y.data && step && zero >= 0 && zero <= 255)
    stateSteps(y.data, { of: repeatedConst(bytesOf(Float32Array.of(step)), y.data.byteLength), zeroPoint: zero })
  return y
}

/** @see TensorFlow quantize_op.cc */
function quantizeByRange(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const x = n.in(0)
  const to = n.type('T')
  const { mode, low, high, min: given, max: stated } = storageOf(n, b, to, x.type.shape)
  if (to === 'i32') n.reject('32 bits are not supported: f32 does not hold them')
  const min = f.min(given, 0)
  const spread = f.mul(f.max(f.max(f.abs(min), f.abs(stated)), 1), Math.fround(n.float('ensure_minimum_range', 0.01)))
  const max = f.max(f.max(stated, f.add(min, spread)), 0)
  const stored = (numbers: Value, from: Value, until: Value) => [
    castTo(b, numbers, to),
    reshapeTo(b, from, n.in(1).type.shape),
    reshapeTo(b, until, n.in(2).type.shape),
  ]
  const clipped = f.max(f.min(x, max), min)
  if (mode === 'SCALED') {
    const side = (q: number, v: Value): Value => f.select(f.greater(f.mul(v, q), 0), f.div(q, v), largestF32)
    const scale = low === 0 ? side(high, max) : f.min(side(low, min), side(high, max))
    const [from, until] = [f.div(low, scale), f.div(high, scale)]
    const steps = f.mul(f.max(f.min(x, until), from), scale)
    const isEven = n.string('round_mode', 'HALF_AWAY_FROM_ZERO') === 'HALF_TO_EVEN'
    return stored(isEven ? b.op(op.round, [steps]) : roundAway(f, steps), from, until)
  }
  const scale = f.div(high - low, f.sub(max, min))
  if (mode === 'MIN_COMBINED') {
    const steps = f.mul(f.sub(clipped, min), scale)
    return stored(low === 0 ? f.floor(f.add(steps, 0.5)) : roundAway(f, f.add(steps, low)), min, max)
  }
  if (mode !== 'MIN_FIRST') return n.reject(`the mode ${mode} is not supported`)
  const numbers = f.sub(roundAway(f, f.mul(x, scale)), f.sub(roundAway(f, f.mul(min, scale)), low))
  return stored(f.min(f.max(numbers, low), high), min, max)
}

export const quantizations: LoweringRegistry = {
  Dequantize: dequantize,
  QuantizeV2: quantizeByRange,
  FakeQuantWithMinMaxArgs: (n, b) => fakeQuant(n, b, b.f32([Math.fround(n.float('min', -6))]), b.f32([Math.fround(n.float('max', 6))])),
  FakeQuantWithMinMaxVars: (n, b) => fakeQuant(n, b, n.in(1), n.in(2)),
  FakeQuantWithMinMaxVarsPerChannel: (n, b) => fakeQuant(n, b, n.in(1), n.in(2)),
  QuantizeAndDequantize: quantizeAndDequantize,
  QuantizeAndDequantizeV2: quantizeAndDequantize,
  QuantizeAndDequantizeV3: quantizeAndDequantize,
  QuantizeAndDequantizeV4: quantizeAndDequantize,
}
