import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { sliceAxis } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'

type Channels = readonly [Value, Value, Value]

/** The three channels of the last dim, each with that dim as 1. */
function channelsOf(b: OpBuilder, x: Value): Channels {
  const axis = x.type.shape.length - 1
  return [0, 1, 2].map((i) => sliceAxis(b, x, axis, i, 1)) as unknown as Channels
}

function joined(b: OpBuilder, channels: readonly Value[]): Value {
  return b.op(op.concatenation, channels, { axis: channels[0]!.type.shape.length - 1 })
}

/** @see TensorFlow adjust_hsv_gpu.cu.h, RGBToHSV */
function toHsv(f: Formula, [r, g, blue]: Channels): Channels {
  const value = f.max(f.max(r, g), blue)
  const range = f.sub(value, f.min(f.min(r, g), blue))
  const saturation = f.select(f.greater(value, 0), f.div(range, value), 0)
  const isGray = f.lessEqual(range, 0)
  const sixth = f.div(1 / 6, f.select(isGray, 1, range))
  const fromGreen = f.add(f.mul(f.sub(blue, r), sixth), 2 / 6)
  const fromBlue = f.add(f.mul(f.sub(r, g), sixth), 4 / 6)
  const hue = f.select(f.equal(r, value), f.mul(f.sub(g, blue), sixth), f.select(f.equal(g, value), fromGreen, fromBlue))
  return [f.select(isGray, 0, f.select(f.less(hue, 0), f.add(hue, 1), hue)), saturation, value]
}

function toRgb(f: Formula, [hue, saturation, value]: Channels): Channels {
  const h = f.mul(hue, 6)
  const clipped = (x: Value) => f.min(f.max(x, 0), 1)
  const parts = [f.sub(f.abs(f.sub(h, 3)), 1), f.sub(2, f.abs(f.sub(h, 2))), f.sub(2, f.abs(f.sub(h, 4)))].map(clipped)
  const least = f.sub(1, saturation)
  return parts.map((p) => f.mul(f.add(least, f.mul(saturation, p)), value)) as unknown as Channels
}

/** Through hue, saturation and value and back. */
function inHsv(work: (f: Formula, hsv: Channels, amount: Value) => Channels) {
  return (n: { in(i: number): Value }, b: OpBuilder): Value => {
    const f = new Formula(b)
    return joined(b, toRgb(f, work(f, toHsv(f, channelsOf(b, n.in(0))), n.in(1))))
  }
}

/** Away from the mean of each channel. */
function contrast(n: { in(i: number): Value }, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = n.in(0)
  const rank = x.type.shape.length
  const mean = b.op(op.mean, [x, b.i32([rank - 3, rank - 2])], { keepDims: true })
  return f.add(f.mul(f.sub(x, mean), n.in(1)), mean)
}

export const colors: LoweringRegistry = {
  RGBToHSV: (n, b) => joined(b, toHsv(new Formula(b), channelsOf(b, n.in(0)))),
  HSVToRGB: (n, b) => joined(b, toRgb(new Formula(b), channelsOf(b, n.in(0)))),
  AdjustContrastv2: contrast,
  AdjustSaturation: inHsv((f, [h, s, v], scale) => [h, f.min(f.max(f.mul(s, scale), 0), 1), v]),
  AdjustHue: inHsv((f, [h, s, v], delta) => [f.floorMod(f.add(h, delta), 1), s, v]),
}
