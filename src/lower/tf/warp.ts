import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, expandDims, reshapeTo, sliceAxis } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/*
 * Pictures sampled where a projective transform says.  @see TensorFlow core/kernels/image/image_ops.h, MapCoordinate, ProjectiveGenerator
 */

type Fill = (f: Formula, at: Value, size: number) => Value

const truncated = (f: Formula, x: Value): Value => castTo(f.b, castTo(f.b, x, 'i32'), 'f32')
const within = (f: Formula, at: Value, size: number): Value => f.max(f.min(at, size - 1), 0)

/** dcba|abcd|dcba */
function reflected(f: Formula, at: Value, size: number): Value {
  const period = 2 * size
  const below = f.add(f.mul(truncated(f, f.div(f.neg(at), period)), period), at)
  const left = f.select(f.less(below, -size), f.add(below, period), f.sub(f.neg(below), 1))
  const above = f.sub(at, f.mul(truncated(f, f.div(at, period)), period))
  const right = f.select(f.greaterEqual(above, size), f.sub(f.sub(f.neg(above), 1), -period), above)
  return within(f, f.select(f.less(at, 0), left, f.select(f.greater(at, size - 1), right, at)), size)
}

/** abcd|abcd|abcd */
function wrapped(f: Formula, at: Value, size: number): Value {
  const times = (v: Value) => truncated(f, f.div(v, size - 1))
  const left = f.add(at, f.mul(f.add(times(f.neg(at)), 1), size))
  const right = f.sub(at, f.mul(times(at), size))
  return within(f, f.select(f.less(at, 0), left, f.select(f.greater(at, size - 1), right, at)), size)
}

const fills: ReadonlyMap<string, Fill> = new Map<string, Fill>([
  ['CONSTANT', (_, at) => at],
  ['NEAREST', within],
  ['REFLECT', (f, at, size) => (size > 1 ? reflected(f, at, size) : within(f, at, size))],
  ['WRAP', (f, at, size) => (size > 1 ? wrapped(f, at, size) : within(f, at, size))],
])

/** Half away from zero, as C rounds. */
const rounded = (f: Formula, x: Value): Value => f.mul(f.b.op(op.sign, [x]), f.floor(f.add(f.abs(x), 0.5)))

/** Transforms [M,8] with M = 1 or N, pictures [N,H,W,C]. */
function projected(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [images, transforms] = [castTo(b, n.in(0), 'f32'), n.in(1)]
  const [batch, height, width, channels] = images.type.shape
  const [rows, columns] = n.ints(2, 'the size of the result') as [number, number]
  if (typeof height !== 'number' || typeof width !== 'number' || height * width === 0) return n.reject('the picture size must be known')
  const mode = n.string('fill_mode', 'CONSTANT')
  const fill = fills.get(mode) ?? n.reject(`fill_mode ${mode} is not supported`)
  const outside = n.operands[3] ? castTo(b, n.operands[3], 'f32') : b.f32([0], [])

  const count = rows * columns
  const grid = (of: (i: number) => number): Value =>
    b.f32(
      Array.from({ length: count }, (_, i) => of(i)),
      [1, count],
    )
  const [gx, gy] = [grid((i) => i % columns), grid((i) => Math.floor(i / columns))]
  const term = (i: number): Value => sliceAxis(b, transforms, 1, i, 1)
  const line = (i: number): Value => f.add(f.mul(term(i), gx), f.mul(term(i + 1), gy))
  const scale = f.add(line(6), 1)
  const isNear = f.notEqual(scale, 0)
  const divisor = f.select(isNear, scale, 1)
  const limit = 2 ** 24
  const place = (i: number, size: number): Value => fill(f, f.max(f.min(f.div(f.add(line(i), term(i + 2)), divisor), limit), -limit), size)
  const [x, y] = [place(0, width), place(3, height)]

  const flat = reshapeTo(b, images, [batch!, height * width, channels!])
  const shared = transforms.type.shape[0] === 1
  const read = (py: Value, px: Value): Value => {
    const at = castTo(b, f.add(f.mul(within(f, py, height), width), within(f, px, width)), 'i32')
    const value = shared
      ? b.op(op.gather, [flat, reshapeTo(b, at, [count])], { axis: 1, batchDims: 0 })
      : b.op(op.gather, [flat, at], { axis: 1, batchDims: 1 })
    const inside = [f.greaterEqual(py, 0), f.less(py, height), f.greaterEqual(px, 0), f.less(px, width), isNear]
    return f.select(
      expandDims(
        b,
        inside.reduce((p, q) => f.and(p, q)),
        2,
      ),
      value,
      outside,
    )
  }
  const wide = (v: Value): Value => expandDims(b, v, 2)
  const sampled = (): Value => {
    const [x0, y0] = [f.floor(x), f.floor(y)]
    const [x1, y1] = [f.add(x0, 1), f.add(y0, 1)]
    const across = (py: Value): Value => f.add(f.mul(wide(f.sub(x1, x)), read(py, x0)), f.mul(wide(f.sub(x, x0)), read(py, x1)))
    const mixed = f.add(f.mul(wide(f.sub(y1, y)), across(y0)), f.mul(wide(f.sub(y, y0)), across(y1)))
    return f.select(wide(isNear), mixed, outside)
  }
  const result = n.string('interpolation') === 'NEAREST' ? read(rounded(f, y), rounded(f, x)) : sampled()
  return castTo(b, reshapeTo(b, result, [batch!, rows, columns, channels!], [images]), n.in(0).type.dtype)
}

export const warps: LoweringRegistry = {
  ImageProjectiveTransformV2: projected,
  ImageProjectiveTransformV3: projected,
}
