import { divDims, mulDims } from '../../core/dim.ts'
import type { Json } from '../../core/json.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { expandDims, permute, reshapeTo, squeezeDim } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { type KerasOp, layer } from './keras-op.ts'
import { resizeBy } from './resize.ts'

/** [N, ..] -> [N, product], [N] -> [N, 1]; channels-first data is turned to channels last before. */
function flatten(k: KerasOp, b: OpBuilder): Value {
  const x = k.isChannelsFirst && k.rank > 2 ? permute(b, k.x, [0, ...Array.from({ length: k.rank - 2 }, (_, i) => i + 2), 1]) : k.x
  const [batch, ...rest] = x.type.shape
  return reshapeTo(b, x, [batch ?? 1, mulDims(...rest)])
}

/** The batch stays; one -1 takes what is left of the other dims. */
function reshape(k: KerasOp, b: OpBuilder): Value {
  const stated = k.config('target_shape')
  // A size that was not known when the layer was made stands as null.
  const isOpen = Array.isArray(stated) && (stated as readonly Json[]).every((d) => d === null || Number.isInteger(d))
  const target: readonly Dim[] = isOpen ? (stated as (number | null)[]).map((d) => d ?? -1) : k.numbers('target_shape')
  if (target.filter((d) => d === -1).length > 1) return k.reject(`target_shape ${JSON.stringify(stated)} leaves more than one size open`)
  const [batch, ...all] = k.x.type.shape
  const known = mulDims(...target.filter((d) => d !== -1))
  const left = divDims(mulDims(...all), known)
  if (left === undefined) return k.reject(`the input does not divide into [${target.join(',')}]`)
  return reshapeTo(b, k.x, [batch!, ...target.map((d) => (d === -1 ? left : d))])
}

/** [N,C] -> [N,n,C] */
function repeatVector(k: KerasOp, b: OpBuilder): Value {
  return b.op(op.tile, [expandDims(b, k.x, 1), b.i32([1, k.num('n'), 1])])
}

function upSampling(rank: 1 | 2 | 3) {
  return layer((k, b) => {
    const factors = k.sizes('size', rank, 2)
    const mode = k.text('interpolation', 'nearest')
    if (k.rank !== rank + 2) k.reject(`the input must have rank ${rank + 2}, found ${k.rank}`)
    const up = (x: Value): Value => {
      if (rank === 1) return squeezeDim(b, resizeBy(k, b, expandDims(b, x, 1), [1, factors[0]!], 'nearest'), 1)
      if (rank === 2) return resizeBy(k, b, x, [factors[0]!, factors[1]!], mode)
      const [n, d, h, w, c] = x.type.shape as [Dim, Dim, Dim, Dim, Dim]
      const slices = resizeBy(k, b, reshapeTo(b, x, [mulDims(n, d), h, w, c]), [factors[1]!, factors[2]!], 'nearest')
      const [, h2, w2] = slices.type.shape as [Dim, Dim, Dim]
      const rows = resizeBy(k, b, reshapeTo(b, slices, [n, d, mulDims(h2, w2), c], [x, slices]), [factors[0]!, 1], 'nearest')
      return reshapeTo(b, rows, [n, rows.type.shape[1]!, h2, w2, c], [x, slices, rows])
    }
    if (mode !== 'nearest' && k.keras.version === 2) return k.channelsLast(k.f32, up)
    return k.keepingIntegers((x) => k.channelsLast(x, up))
  })
}

/** Borders of each spatial dim: `n`, `[h, w]` or `[[top, bottom], [left, right]]`; along one dim `n` or `[before, after]`. */
function borders(k: KerasOp, name: string, rank: number): [before: number, after: number][] {
  const v = k.config(name) ?? 1
  const pair = (side: Json | undefined): [number, number] => {
    if (Number.isInteger(side)) return [side as number, side as number]
    if (Array.isArray(side) && side.length === 2 && side.every((n) => Number.isInteger(n))) return [side[0] as number, side[1] as number]
    throw k.bad(name, 'a number, a number for each dim or a pair for each dim', v)
  }
  if (!Array.isArray(v) || rank === 1)
    return new Array<[number, number]>(rank).fill(pair(rank === 1 && Array.isArray(v) && v.length === 1 ? (v as Json[])[0] : v))
  if (v.length !== rank) throw k.bad(name, `${rank} pairs`, v)
  return (v as readonly Json[]).map(pair)
}

/** The same for every dim of the operand, none for batch and channels. */
function allBorders(k: KerasOp, name: string, rank: number): [number, number][] {
  if (k.rank !== rank + 2) k.reject(`the input must have rank ${rank + 2}, found ${k.rank}`)
  const spatial = borders(k, name, rank)
  return k.isChannelsFirst ? [[0, 0], [0, 0], ...spatial] : [[0, 0], ...spatial, [0, 0]]
}

function zeroPadding(rank: number) {
  return layer((k, b) => {
    const pads = allBorders(k, 'padding', rank)
    return b.op(op.pad, [k.x, b.i32(pads.flat(), [pads.length, 2])])
  })
}

function cropping(rank: number) {
  return layer((k, b) => {
    const cuts = allBorders(k, 'cropping', rank)
    const { shape } = k.x.type
    const mask = (i: 0 | 1) => cuts.reduce((m, c, axis) => (c[i] === 0 ? m | (1 << axis) : m), 0)
    const ends = cuts.map(([, after], axis) => (typeof shape[axis] === 'number' ? shape[axis] - after : -after))
    return b.op(op.stridedSlice, [k.x, b.i32(cuts.map((c) => c[0])), b.i32(ends), b.i32(cuts.map(() => 1))], {
      beginMask: mask(0),
      endMask: mask(1),
    })
  })
}

export const reshapingLayers: LoweringRegistry = {
  Flatten: layer(flatten),
  Reshape: layer(reshape),
  Permute: layer((k, b) => permute(b, k.x, [0, ...k.numbers('dims')])),
  RepeatVector: layer(repeatVector),
  UpSampling1D: upSampling(1),
  UpSampling2D: upSampling(2),
  UpSampling3D: upSampling(3),
  ZeroPadding1D: zeroPadding(1),
  ZeroPadding2D: zeroPadding(2),
  ZeroPadding3D: zeroPadding(3),
  Cropping1D: cropping(1),
  Cropping2D: cropping(2),
  Cropping3D: cropping(3),
}
