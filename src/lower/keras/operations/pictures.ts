import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { depthwiseConvolution } from '../../layers.ts'
import { castTo, expandDims, permute, reshapeTo, squeezeDim, toF32 } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { pictures, resizedTo } from '../preprocessing.ts'
import { saturated } from './functions.ts'
import { first, floats, knownSize, numberOption, option, run } from './operation.ts'
import { patchesOf } from './windows.ts'

/*
 * Operations on pictures, with a batch or one alone.
 */

const onPictures = (work: (k: KerasOp, b: OpBuilder, x: Value) => Value): Lowering =>
  layer((k, b) => pictures(k, b, floats(k, b), (x) => work(k, b, x)))

/** 0.2989 R + 0.5870 G + 0.1140 B */
const grayscale = onPictures((_, b, x) => {
  const f = new Formula(b)
  return f.sum(f.mul(x, b.f32([0.2989, 0.587, 0.114].map(Math.fround), [3])), [3], true)
})

/** What is cut off or added at two ends, where two of the three numbers tell the third. */
function ends(k: KerasOp, size: number, names: readonly [string, string, string], sign: 1 | -1): [before: number, after: number] {
  const [before, after, target] = names.map((name) => {
    const v = option(k, name)
    return v === undefined || v === null ? undefined : numberOption(k, name, 0)
  })
  const rest = target === undefined ? undefined : sign * (target - size)
  const start = before ?? (rest ?? 0) - (after ?? 0)
  const end = after ?? (rest ?? 0) - start
  return start < 0 || end < 0 ? k.reject(`its target does not fit pictures of ${size} pixels`) : [start, end]
}

const sides = (k: KerasOp, x: Value, what: 'padding' | 'cropping', sign: 1 | -1) => ({
  rows: ends(k, knownSize(k, x, 1), [`top_${what}`, `bottom_${what}`, 'target_height'], sign),
  columns: ends(k, knownSize(k, x, 2), [`left_${what}`, `right_${what}`, 'target_width'], sign),
})

const crop = layer((k, b) =>
  pictures(k, b, first(k, b), (x) => {
    const { rows, columns } = sides(k, x, 'cropping', -1)
    const size = [knownSize(k, x, 1) - rows[0] - rows[1], knownSize(k, x, 2) - columns[0] - columns[1]]
    return run(k, b, 'Slice', [x, b.i32([0, rows[0], columns[0], 0]), b.i32([-1, size[0]!, size[1]!, -1])])
  }),
)

const pad = layer((k, b) =>
  pictures(k, b, first(k, b), (x) => {
    const { rows, columns } = sides(k, x, 'padding', 1)
    return run(k, b, 'Pad', [x, b.i32([0, 0, ...rows, ...columns, 0, 0], [4, 2])])
  }),
)

const patches = layer((k, b) => {
  const stated = option(k, 'size')
  if (Array.isArray(stated) && stated.length === 3) return k.reject('patches of volumes are not supported')
  const size = k.sizes('size', 2, 1)
  const stride = k.config('strides') == null ? size : k.sizes('strides', 2, 1)
  const options = { size, stride, dilation: k.sizes('dilation_rate', 2, 1), padding: k.text('padding', 'valid') }
  return pictures(k, b, first(k, b), (x) => patchesOf(k, b, x, options))
})

/** One filter [h,w] for each channel. */
function filtered(
  k: KerasOp,
  b: OpBuilder,
  x: Value,
  cells: readonly number[],
  [h, w]: readonly [number, number],
  count: number,
  padding: 'same' | 'valid' = 'same',
): Value {
  const channels = knownSize(k, x, 3)
  const all = Array.from({ length: h * w * channels * count }, (_, i) => {
    const [cell, one] = [Math.floor(i / (channels * count)), i % count]
    return Math.fround(cells[one * h * w + cell]!)
  })
  return depthwiseConvolution(b, x, b.f32(all, [h, w, channels, count]), { padding, stride: [1, 1], dilation: [1, 1] })
}

/** The bell of a deviation over `size` pixels, its sum 1. */
function bell(size: number, sigma: number): number[] {
  const values = Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - (size - 1) / 2) / sigma) ** 2))
  const sum = values.reduce((a, v) => a + v, 0)
  return values.map((v) => v / sum)
}

/** Keras builds the filter as [size[1], size[0]] and reads it as [size[0], size[1]]. */
const blur = onPictures((k, b, x) => {
  const [h, w] = k.sizes('kernel_size', 2, 3) as [number, number]
  const stated = k.config('sigma') ?? [1, 1]
  const sigma = (Array.isArray(stated) ? stated : [stated, stated]) as readonly number[]
  const [across, down] = [bell(h, sigma[0]!), bell(w, sigma[1]!)]
  return filtered(
    k,
    b,
    x,
    down.flatMap((d) => across.map((a) => d * a)),
    [h, w],
    1,
  )
})

/** Derivatives down and across as a last dim, of pictures mirrored at the border. */
const sobel = layer((k, b) => {
  const x = floats(k, b)
  const isFirst = k.isChannelsFirst
  const edges = pictures(k, b, x, (v) => {
    const padded = run(k, b, 'MirrorPad', [v, b.i32([0, 0, 1, 1, 1, 1, 0, 0], [4, 2])], { mode: 'REFLECT' })
    const cells = [-1, -2, -1, 0, 0, 0, 1, 2, 1, -1, 0, 1, -2, 0, 2, -1, 0, 1]
    const y = filtered(k, b, padded, cells, [3, 3], 2)
    const [, h, w] = v.type.shape
    return b.op(op.slice, [y, b.i32([0, 1, 1, 0]), b.i32([-1, h as number, w as number, -1])])
  })
  const channels = x.type.shape.length - (isFirst ? 3 : 1)
  const { shape } = x.type
  const parted = reshapeTo(b, edges, [...shape.slice(0, channels + 1), 2, ...shape.slice(channels + 1)])
  if (!isFirst) return parted
  const order = parted.type.shape.map((_, i) => i)
  return b.op(op.transpose, [parted, b.i32([...order.filter((i) => i !== channels + 1), channels + 1])])
})

/** How alike two pictures are: means, variances and covariance under a bell. @see Wang et al., Image quality assessment, 2004 */
function ssim(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const given = ['image1', 'image2'].map((name, i) => tensorOf(k, b, k.argument(i, name)))
  const isOne = given[0]!.type.shape.length === 3
  const [x, y] = given.map((v) => {
    const batch = toF32(b, isOne ? expandDims(b, v, 0) : v)
    return k.isChannelsFirst ? permute(b, batch, [0, 2, 3, 1]) : batch
  }) as [Value, Value]
  const size = numberOption(k, 'filter_size', 11)
  const row = bell(size, numberOption(k, 'filter_sigma', 1.5))
  const cells = row.flatMap((d) => row.map((a) => d * a))
  const mean = (v: Value) => filtered(k, b, v, cells, [size, size], 1, 'valid')
  const [c1, c2] = ['k1', 'k2'].map((name, i) => (numberOption(k, name, [0.01, 0.03][i]!) * numberOption(k, 'max_val', 1)) ** 2) as [
    number,
    number,
  ]
  const [mx, my] = [mean(x), mean(y)]
  const [xx, yy, xy] = [f.square(mx), f.square(my), f.mul(mx, my)]
  const spread = f.add(f.sub(mean(f.square(x)), xx), f.sub(mean(f.square(y)), yy))
  const alike = f.mul(f.add(f.mul(xy, 2), c1), f.add(f.mul(f.sub(mean(f.mul(x, y)), xy), 2), c2))
  const map = f.div(alike, f.mul(f.add(f.add(xx, yy), c1), f.add(spread, c2)))
  const means = b.op(op.mean, [map, b.i32([1, 2, 3])])
  return castTo(b, isOne ? squeezeDim(b, means, 0) : means, given[0]!.type.dtype)
}

export const pictureOperations: LoweringRegistry = {
  RGBToGrayscale: grayscale,
  RGBToHSV: onPictures((k, b, x) => run(k, b, 'RGBToHSV', [x])),
  HSVToRGB: onPictures((k, b, x) => run(k, b, 'HSVToRGB', [x])),
  Resize: layer((k, b) => {
    const x = first(k, b)
    const y = resizedTo(k, b, x, k.sizes('size', 2, 1) as [number, number])
    return y.type.dtype === x.type.dtype ? y : saturated(b, run(k, b, 'Round', [y]), x.type.dtype)
  }),
  CropImages: crop,
  PadImages: pad,
  ExtractPatches: patches,
  GaussianBlur: blur,
  SobelEdges: sobel,
  SSIM: layer(ssim),
}
