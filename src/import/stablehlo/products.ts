import type { NumericConst } from '../source-graph.ts'
import { flag, int, ints, type Size, type Sizes, type Tensor, text } from './body.ts'
import { isFloat } from './elements.ts'
import type { HloOp, Translate } from './hlo-op.ts'
import { padded } from './moves.ts'

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Operands in the type that a product is computed in, and its result in the type that the module wants. */
interface Work {
  readonly dtype: NumericConst['dtype']
  readonly operands: readonly [Tensor, Tensor]
  readonly finish: (y: Tensor) => Tensor
}

/** How far from 0 the elements of a type lie that are exact in f32. */
const reach: Readonly<Record<string, number>> = { bool: 1, i4: 8, u4: 15, i8: 128, u8: 255, i16: 32768, u16: 65535 }
const wraps: ReadonlySet<string> = new Set(['i4', 'u4', 'i8', 'u8', 'i16', 'u16', 'u32'])

/** Sums of `terms` products of integers are exact in f32 below 2^24, and else computed in i32, whose overflow is that of all narrower types. */
function workOf(o: HloOp, terms: number | undefined): Work {
  const { body } = o
  const result = o.resultDtype()
  const types = [o.dtype(0), o.dtype(1)] as const
  const [x, y] = types.map((t) => reach[t] ?? Number.POSITIVE_INFINITY) as [number, number]
  const isExact = !isFloat(result) && (terms ?? Number.POSITIVE_INFINITY) * x * y <= 2 ** 24
  const dtype = isExact ? 'f32' : wraps.has(result) || result === 'bool' ? 'i32' : result
  const finish = (z: Tensor): Tensor => {
    if (dtype === result) return z
    if (result === 'bool') return body.op('NotEqual', [z, body.numbers(dtype, [0])])
    return body.cast(body.cast(z, dtype, result === 'i64' ? 'i64' : 'i32'), result === 'i64' ? 'i64' : 'i32', result)
  }
  return { dtype, operands: types.map((t, i) => body.cast(o.in(i), t, dtype)) as [Tensor, Tensor], finish }
}

function dotGeneral(o: HloOp): Tensor {
  const named = (name: string) =>
    [`lhs_${name}`, `rhs_${name}`].map((n, i) => o.dims(n, o.rank(i), [])) as [readonly number[], readonly number[]]
  const batch = named('batching_dimensions')
  const contracted = named('contracting_dimensions')
  if (batch[0].length !== batch[1].length || contracted[0].length !== contracted[1].length) return o.refuse()
  const terms = contracted[0].map((d, i) => o.shape(0)[d] ?? o.shape(1)[contracted[1][i]!])
  const { operands, finish } = workOf(o, product(terms))
  if (o.rank(0) === 2 && o.rank(1) === 2 && batch[0].length === 0 && contracted[0].length === 1) {
    return finish(o.body.op('MatMul', operands, { transpose_a: flag(contracted[0][0] === 0), transpose_b: flag(contracted[1][0] === 1) }))
  }
  let next = 0
  const shared = (of: readonly number[]) => new Map(of.map((dim) => [dim, letters[next++] ?? o.refuse()]))
  const left = new Map([...shared(batch[0]), ...shared(contracted[0])])
  const byPlace = [...left.values()]
  const right = new Map([...batch[1], ...contracted[1]].map((dim, i) => [dim, byPlace[i]!]))
  const term = (of: ReadonlyMap<number, string>, rank: number) =>
    Array.from({ length: rank }, (_, dim) => of.get(dim) ?? letters[next++] ?? o.refuse())
  const labels = [term(left, o.rank(0)), term(right, o.rank(1))] as const
  const free = (own: readonly string[], of: ReadonlyMap<number, string>) => own.filter((_, dim) => !of.has(dim))
  const result = [...byPlace.slice(0, batch[0].length), ...free(labels[0], left), ...free(labels[1], right)]
  const equation = `${labels[0].join('')},${labels[1].join('')}->${result.join('')}`
  return finish(o.body.op('Einsum', operands, { equation: text(equation), N: int(2) }))
}

const product = (sizes: readonly (number | undefined)[]): number | undefined =>
  sizes.reduce<number | undefined>((n, s) => (n === undefined || s === undefined ? undefined : n * s), 1)

function dot(o: HloOp): Tensor {
  const { operands, finish } = workOf(o, o.shape(0).at(-1) ?? o.shape(1)[0])
  if (o.rank(0) === 2 && o.rank(1) === 2) return finish(o.body.op('MatMul', operands, {}))
  const [left, right] = [letters.slice(0, o.rank(0)), letters.slice(o.rank(0) - 1, o.rank(0) + o.rank(1) - 1)]
  const equation = `${left},${right}->${left.slice(0, -1)}${right.slice(1)}`
  return finish(o.body.op('Einsum', operands, { equation: text(equation), N: int(2) }))
}

interface Convolution {
  /** [N, ...spatial, C] */
  x: Tensor
  shape: Sizes
  /** [...spatial, I, O] */
  kernel: Tensor
  window: readonly number[]
  strides: readonly number[]
  pads: readonly (readonly [number, number])[]
  dilation: readonly number[]
  readonly inputDilation: readonly number[]
  readonly groups: number
  readonly dtype: NumericConst['dtype']
}

/** Dims in TensorFlow's order; the result is turned to the one that the module wants. */
function convolution(o: HloOp): Tensor {
  const { body } = o
  const rank = o.rank(0) - 2
  const places = (...names: readonly string[]): readonly number[] => {
    const dims = names.flatMap((name) => o.dims(name, rank + 2))
    return dims.length === rank + 2 && new Set(dims).size === dims.length ? dims : o.refuse()
  }
  const order = places('input_batch_dimension', 'input_spatial_dimensions', 'input_feature_dimension')
  const filter = places('kernel_spatial_dimensions', 'kernel_input_feature_dimension', 'kernel_output_feature_dimension')
  const out = places('output_batch_dimension', 'output_spatial_dimensions', 'output_feature_dimension')
  const ones = new Array<number>(rank).fill(1)
  const work = workOf(o, product(o.shape(1).filter((_, d) => d !== filter[rank + 1])))
  const [left, right] = work.operands
  let x = body.transpose(left, order)
  let shape = order.map((d) => o.shape(0)[d])
  let kernel = body.transpose(right, filter)
  const kernelShape = filter.map((d) => o.shape(1)[d] ?? o.refuse())
  const reversed = [...spatialFlags(o, rank)].flatMap((is, i) => (is ? [i] : []))
  if (reversed.length > 0) kernel = body.op('ReverseV2', [kernel, body.ints(reversed)])
  const pads = o.perDim('padding', 2 * rank, 0)
  let groups = o.int('feature_group_count', 1)
  const batchGroups = o.int('batch_group_count', 1)
  if (batchGroups > 1) {
    // Groups of the batch as groups of channels.
    const [n, c] = [shape[0], shape.at(-1)]
    if (n === undefined || c === undefined || groups > 1) return o.refuse()
    const sizes = body.sizesOf(x, shape)
    const wide = body.reshape(x, [batchGroups, n / batchGroups, ...sizes.slice(1)])
    const dims = Array.from({ length: rank + 3 }, (_, i) => i)
    const turned = body.transpose(wide, [...dims.slice(1, -1), 0, dims.at(-1)!])
    shape = [n / batchGroups, ...shape.slice(1, -1), batchGroups * c]
    x = body.reshape(turned, [n / batchGroups, ...sizes.slice(1, -1), batchGroups * c])
    groups = batchGroups
  }
  const y = convolved(o, {
    x,
    shape,
    kernel,
    window: kernelShape,
    strides: o.perDim('window_strides', rank, 1, 1),
    pads: ones.map((_, i) => [pads[2 * i]!, pads[2 * i + 1]!] as const),
    dilation: o.perDim('rhs_dilation', rank, 1, 1),
    inputDilation: o.perDim('lhs_dilation', rank, 1, 1),
    groups,
    dtype: work.dtype,
  })
  return body.transpose(
    work.finish(y),
    out.map((_, i) => out.indexOf(i)),
  )
}

function spatialFlags(o: HloOp, rank: number): readonly boolean[] {
  const a = o.op.attrs.get('window_reversal')
  if (a?.kind === 'array') return a.items.map((v) => (v.kind === 'bool' ? v.value : v.kind === 'int' && v.value !== 0n))
  return o.ints('window_reversal', new Array<number>(rank).fill(0)).map((v) => v !== 0)
}

function convolved(o: HloOp, c: Convolution): Tensor {
  const { body } = o
  const rank = c.strides.length
  if (rank < 2 && (rank === 1 || c.groups > 1)) {
    // A line is an image of height 1, and a point a line.
    const image = body.op('ExpandDims', [c.x, body.ints([1], [])])
    const kernel = body.op('ExpandDims', [c.kernel, body.ints([0], [])])
    const wide = convolved(o, {
      ...c,
      x: image,
      shape: [c.shape[0], 1, ...c.shape.slice(1)],
      kernel,
      window: [1, ...c.window],
      strides: [c.strides[0] ?? 1, ...c.strides],
      pads: [[0, 0], ...c.pads],
      dilation: [c.dilation[0] ?? 1, ...c.dilation],
      inputDilation: [1, ...c.inputDilation],
    })
    return body.op('Squeeze', [wide], { squeeze_dims: ints([1]) })
  }
  if (rank === 0 && c.groups === 1) return body.op('MatMul', [c.x, c.kernel], {})
  if (rank > 3) return o.refuse()
  const isDilated = c.inputDilation.some((d) => d > 1)
  if (isDilated && rank === 2 && c.groups === 1 && c.strides.every((s) => s === 1) && c.dilation.every((d) => d === 1)) {
    const y = transposed(o, c)
    if (y !== undefined) return y
  }
  const zero = () => body.numbers(c.dtype, [0])
  const zeros = [0, ...c.strides.map(() => 0), 0]
  const interior = [0, ...c.inputDilation.map((d) => d - 1), 0]
  const x = isDilated ? padded(o, c.x, c.shape, { low: zeros, high: zeros, interior }, zero) : c.x
  const shape = c.shape.map((s, i) => (s === undefined || s === 0 ? s : (s - 1) * (interior[i]! + 1) + 1))
  return forward(o, { ...c, x, shape }, zero)
}

/** How TensorFlow calls the padding; undefined for one that has no name. */
function paddingName(c: Convolution): 'VALID' | 'SAME' | undefined {
  if (c.pads.every(([low, high]) => low === 0 && high === 0)) return 'VALID'
  const isSame = c.pads.every(([low, high], i) => {
    const size = c.shape[i + 1]
    if (size === undefined) return false
    const reach = (c.window[i]! - 1) * c.dilation[i]! + 1
    const total = Math.max(0, (Math.ceil(size / c.strides[i]!) - 1) * c.strides[i]! + reach - size)
    return low === Math.floor(total / 2) && high === total - low
  })
  return isSame ? 'SAME' : undefined
}

function forward(o: HloOp, given: Convolution, zero: () => Tensor): Tensor {
  const { body } = o
  let c = given
  const rank = c.strides.length
  const name = paddingName(c)
  if (!name && (rank === 3 || c.pads.flat().some((p) => p < 0))) {
    const [low, high] = [0, 1].map((side) => [0, ...c.pads.map((p) => p[side]!), 0]) as [number[], number[]]
    const x = padded(o, c.x, c.shape, { low, high }, zero)
    const shape = c.shape.map((s, i) => (s === undefined ? s : s + low[i]! + high[i]!))
    c = { ...c, x, shape, pads: c.pads.map(() => [0, 0] as const) }
  }
  const padding = paddingName(c) ?? 'EXPLICIT'
  const explicit = padding === 'EXPLICIT' ? { explicit_paddings: ints([0, 0, ...c.pads.flat(), 0, 0]) } : {}
  const attrs = {
    strides: ints([1, ...c.strides, 1]),
    dilations: ints([1, ...c.dilation, 1]),
    padding: text(padding),
    data_format: text(rank === 3 ? 'NDHWC' : 'NHWC'),
    ...explicit,
  }
  const channels = c.shape.at(-1)
  if (rank === 3) return body.op('Conv3D', [c.x, c.kernel], attrs)
  if (c.groups === 1 || c.groups !== channels) return body.op('Conv2D', [c.x, c.kernel], attrs)
  const filter = body.reshape(c.kernel, [c.window[0]!, c.window[1]!, channels, c.window[3]! / channels])
  return body.op('DepthwiseConv2dNative', [c.x, filter], attrs)
}

/**
 * A convolution over elements with zeros between them is the gradient of one with strides: its result is that of VALID, less or more at the
 * borders. The kernel is turned over, and takes its result's channels first.
 */
function transposed(o: HloOp, c: Convolution): Tensor | undefined {
  const { body } = o
  const strides = c.inputDilation
  const sizes = body.sizesOf(c.x, c.shape)
  const [height, width] = [c.shape[1], c.shape[2]]
  if (height === undefined || width === undefined) return undefined
  const before = c.pads.map(([low], i) => c.window[i]! - 1 - low)
  const full = [height, width].map((n, i) => (n - 1) * strides[i]! + c.window[i]!)
  const result = [height, width].map((n, i) => (n - 1) * strides[i]! + 1 + c.pads[i]![0] + c.pads[i]![1] - c.window[i]! + 1)
  const isSame = [height, width].every((n, i) => {
    const total = c.window[i]! - strides[i]!
    return result[i] === n * strides[i]! && total >= 0 && before[i] === Math.floor(total / 2)
  })
  const channels = c.window[3]!
  const turned = body.op('Transpose', [body.op('ReverseV2', [c.kernel, body.ints([0, 1])]), body.ints([0, 1, 3, 2])])
  const target: Size[] = [sizes[0]!, ...(isSame ? result : full), channels]
  const y = body.op('Conv2DBackpropInput', [body.sizes(target), turned, c.x], {
    strides: ints([1, ...strides, 1]),
    padding: text(isSame ? 'SAME' : 'VALID'),
    data_format: text('NHWC'),
    dilations: ints([1, 1, 1, 1]),
  })
  if (isSame) return y
  const low = before.map((n) => -n)
  const high = result.map((n, i) => n - full[i]! + before[i]!)
  const shape = [c.shape[0], ...full, channels]
  return padded(o, y, shape, { low: [0, ...low, 0], high: [0, ...high, 0] }, () => body.numbers(c.dtype, [0]))
}

export const products: Readonly<Record<string, Translate>> = { convolution, dot, dot_general: dotGeneral }
