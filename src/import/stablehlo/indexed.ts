import type { MlirBlock, MlirOp } from '../../wire/mlir/types.ts'
import { int, ints, type Size, type Tensor } from './body.ts'
import type { HloOp, Translate } from './hlo-op.ts'
import { combinerOf } from './reduce.ts'

/*
 * Gathers and scatters: windows of an operand at places that index vectors tell.
 */

/** Index vectors, one component at a time: i32 of the shape `[...batch]`. */
interface Places {
  /** Dims of the indices without that of the vectors. */
  readonly batch: readonly Size[]
  readonly component: (k: number) => Tensor
  /** All components, those of a vector last. */
  readonly vectors: Tensor
  readonly known: readonly number[] | undefined
}

/** Dims of the indices that go along with dims of the operand, counted without that of the vectors. */
function batchDims(o: HloOp, name: string): readonly number[] {
  const rank = o.rank(1)
  const at = o.int('index_vector_dim', rank)
  return o.dims(name, rank, []).map((d) => (d === at ? o.refuse() : d > at ? d - 1 : d))
}

function placesOf(o: HloOp, operand: number): Places {
  const { body } = o
  const rank = o.rank(operand)
  const at = o.int('index_vector_dim', rank)
  const order = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== at)
  const turned = at < rank ? body.transpose(o.in(operand), [...order, at]) : o.in(operand)
  const as32 = body.cast(turned, o.dtype(operand), 'i32')
  const sizes = body.sizesOf(o.in(operand), o.shape(operand))
  const batch = order.map((i) => sizes[i]!)
  const vectors = at < rank ? as32 : body.reshape(as32, [...batch, 1])
  return {
    batch,
    vectors,
    known: o.known(operand),
    component: (k) => {
      if (at >= rank) return as32
      const last = order.length
      const all = (value: number) => body.ints(Array.from({ length: last + 1 }, (_, i) => (i === last ? value : 0)))
      const kept = (1 << last) - 1
      const masks = { begin_mask: int(kept), end_mask: int(kept), shrink_axis_mask: int(1 << last) }
      const ones = body.ints(new Array<number>(last + 1).fill(1))
      return body.op('StridedSlice', [as32, all(k), all(k + 1), ones], masks)
    },
  }
}

/** A size of a window. */
type Extent = Exclude<Size, 'rest'>

/** A tensor whose dims have names. */
interface Labelled {
  readonly tensor: Tensor
  readonly labels: readonly string[]
}

function arrange(o: HloOp, { tensor, labels }: Labelled, wanted: readonly string[]): Tensor {
  return o.body.transpose(
    tensor,
    wanted.map((l) => labels.indexOf(l)),
  )
}

/** Without dims of one element. */
function without(o: HloOp, { tensor, labels }: Labelled, isLeftOut: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((l, i) => (isLeftOut(l) ? [i] : []))
  if (axes.length === 0) return { tensor, labels }
  return { tensor: o.body.op('Squeeze', [tensor], { squeeze_dims: ints(axes) }), labels: labels.filter((l) => !isLeftOut(l)) }
}

const batchLabel = (i: number): string => `b${i}`
const dimLabel = (d: number): string => `d${d}`

/** `size` less `window`: the last place where a window begins. */
function lastPlace(o: HloOp, size: Size, window: Extent): Tensor | number {
  if (typeof size === 'number' && typeof window === 'number') return size - window
  if (size === 'rest') return o.refuse()
  const whole = o.body.size(size)
  return window === 0 ? whole : o.body.op('Sub', [whole, o.body.size(window)])
}

const isNumber = (size: Size | undefined): size is number => typeof size === 'number'

const scalar = (o: HloOp, n: Tensor | number): Tensor => (typeof n === 'number' ? o.body.ints([n], []) : n)

/** Within `[0, last]`. */
function clamped(o: HloOp, x: Tensor, last: Tensor | number): Tensor {
  const { body } = o
  return body.op('Maximum', [body.op('Minimum', [x, scalar(o, last)]), body.ints([0], [])])
}

/** A component as part of a grid: `[...batch, 1, size, 1]` for the window's dim `at` of `count`. */
function gridded(o: HloOp, x: Tensor, batch: readonly Size[], at: number, count: number, size: Extent): Tensor {
  const { body } = o
  if (count === 0) return x
  const wide = body.reshape(x, [...batch, ...new Array<number>(count).fill(1)])
  if (size === 1 || at < 0) return wide
  const shape = Array.from({ length: count - at }, (_, i): Size => (i > 0 ? 1 : typeof size === 'number' ? size : 'rest'))
  return body.op('AddV2', [wide, body.reshape(body.range(size), shape)])
}

/** Components, broadcast against each other, as vectors; of a single one `isSpread` says that it is smaller than the grid. */
function stacked(o: HloOp, parts: readonly Tensor[], grid: readonly Size[], isSpread = false): Tensor {
  const { body } = o
  const vector = (parts.length > 1 || isSpread) && grid.length > 0 ? body.sizes(grid) : undefined
  const whole = vector === undefined ? parts : parts.map((p) => body.op('BroadcastTo', [p, vector]))
  return body.op('Pack', whole, { N: int(parts.length), axis: int(grid.length) })
}

/** Counts along dim `dim` of the batch. */
function batchNumber(o: HloOp, batch: readonly Size[], dim: number): Tensor {
  const { body } = o
  const size = batch[dim]!
  if (size === 'rest') return o.refuse()
  const after = new Array<number>(batch.length - dim - 1).fill(1)
  const range = body.range(size)
  return after.length === 0 ? range : body.reshape(range, ['rest', ...after])
}

function gather(o: HloOp): Tensor {
  const { body } = o
  const rank = o.rank(0)
  const collapsed = o.dims('collapsed_slice_dims', rank, [])
  const operandBatch = o.dims('operand_batching_dims', rank, [])
  const startBatch = batchDims(o, 'start_indices_batching_dims')
  const map = o.dims('start_index_map', rank, [])
  const offsets = o.dims('offset_dims', o.result().length, [])
  const places = placesOf(o, 1)
  const shape = o.shape(0)
  const own = body.sizesOf(o.in(0), shape)
  const result = o.result()
  const kept = Array.from({ length: rank }, (_, d) => d).filter((d) => !collapsed.includes(d) && !operandBatch.includes(d))
  if (kept.length !== offsets.length || operandBatch.length !== startBatch.length) return o.refuse()
  // A size that is open is that of the operand.
  const window = (d: number): number | undefined => (kept.includes(d) ? result[offsets[kept.indexOf(d)]!] : 1)
  const isOne = places.batch.length === 0 && operandBatch.length === 0
  const isStated = o.op.operands.length > 2 && shape.some((_, d) => window(d) === undefined && (isOne || map.includes(d)))
  const stated = isStated ? body.cast(o.in(2), o.dtype(2), 'i32') : undefined
  const extent = (d: number): Extent => ({ of: body.range(body.pick(stated ?? o.refuse(), d)), axis: 0 })
  const sizes = shape.map((s, d): Extent => window(d) ?? (!isOne && map.includes(d) ? extent(d) : isStated ? -1 : (s ?? -1)))
  const x = cut(o, sizes, [...map, ...operandBatch])
  let [nextOffset, nextBatch] = [0, 0]
  const wanted = result.map((_, i) => (offsets.includes(i) ? dimLabel(kept[nextOffset++]!) : batchLabel(nextBatch++)))
  const finish = (given: Labelled): Tensor => {
    const y = without(o, given, (l) => !wanted.includes(l))
    const present = wanted.filter((l) => y.labels.includes(l))
    const turned = arrange(o, y, present)
    if (present.length === wanted.length) return turned
    let k = 0
    const target = wanted.map((l): Size => {
      if (!y.labels.includes(l)) return 1
      const axis = k++
      const size = result[wanted.indexOf(l)]
      return size ?? { of: turned, axis }
    })
    return body.reshape(turned, target)
  }
  if (isOne) {
    const begin = map.every((d, i) => d === i)
      ? map.length === rank
        ? places.vectors
        : body.op('Pad', [places.vectors, body.ints([0, rank - map.length], [1, 2])])
      : body.pack(Array.from({ length: rank }, (_, d) => (map.includes(d) ? places.component(map.indexOf(d)) : body.ints([0], []))))
    const y = body.op('XlaDynamicSlice', [o.in(0), begin, stated ?? body.sizes(sizes.map((s, d) => (s === -1 ? own[d]! : s)))])
    return kept.length === rank
      ? y
      : body.reshape(
          y,
          result.map((s, i) => s ?? { of: y, axis: kept[i]! }),
        )
  }
  const inRange = (k: number, d: number): boolean =>
    places.known !== undefined &&
    shape[d] !== undefined &&
    isNumber(sizes[d]) &&
    places.known.every((v, i) => (map.length > 1 && i % map.length !== k) || (v >= 0 && v <= shape[d]! - Number(sizes[d])))
  const start = (k: number): Tensor => {
    const d = map[k]!
    const part = places.component(k)
    return inRange(k, d) ? part : clamped(o, part, lastPlace(o, own[d]!, sizes[d]!))
  }
  const dims = Array.from({ length: rank }, (_, d) => d)
  const batchLabels = places.batch.map((_, i) => batchLabel(i))
  if (map.length === 1) {
    const [d] = map as [number]
    const others = dims.filter((e) => !operandBatch.includes(e))
    const params = body.transpose(x, [...operandBatch, ...others])
    const at = operandBatch.length + others.indexOf(d)
    const inner = batchLabels.filter((_, i) => !startBatch.includes(i))
    const shared = startBatch.map((i) => batchLabel(i))
    const isWindow = sizes[d] !== 1
    const grid = gridded(o, start(0), places.batch, 0, isWindow ? 1 : 0, sizes[d]!)
    const order = [...startBatch, ...places.batch.map((_, i) => i).filter((i) => !startBatch.includes(i))]
    const indices = body.transpose(grid, isWindow ? [...order, places.batch.length] : order)
    const y = body.op('GatherV2', [params, indices, body.ints([at], [])], { batch_dims: int(operandBatch.length) })
    const place = others.indexOf(d)
    const labels = [
      ...shared,
      ...others.slice(0, place).map(dimLabel),
      ...inner,
      ...(isWindow ? [dimLabel(d)] : []),
      ...others.slice(place + 1).map(dimLabel),
    ]
    return finish({ tensor: y, labels })
  }
  if (map.length + operandBatch.length === 0) {
    const row = finish({ tensor: x, labels: dims.map(dimLabel) })
    const whole = wanted.map((l, i): Size => {
      const batch = batchLabels.indexOf(l)
      return batch >= 0 ? places.batch[batch]! : (result[i] ?? { of: row, axis: i })
    })
    return body.op('BroadcastTo', [row, body.sizes(whole)])
  }
  const windows = map.filter((d) => sizes[d] !== 1)
  const addressed = [...map, ...operandBatch]
  const rest = dims.filter((d) => !addressed.includes(d))
  const params = body.transpose(x, [...addressed, ...rest])
  const grid: Size[] = [...places.batch, ...windows.map((d) => sizes[d]!)]
  const parts = [
    ...map.map((d, k) => gridded(o, start(k), places.batch, windows.indexOf(d), windows.length, sizes[d]!)),
    ...startBatch.map((dim) =>
      gridded(
        o,
        batchNumber(o, places.batch, dim),
        places.batch.map((s, i) => (i === dim ? s : 1)),
        -1,
        windows.length,
        1,
      ),
    ),
  ]
  const indices = stacked(o, parts, grid, map.length === 0)
  const y = body.op('GatherNd', [params, indices])
  return finish({ tensor: y, labels: [...batchLabels, ...windows.map(dimLabel), ...rest.map(dimLabel)] })
}

/** The operand without what no window reaches: dims that no index moves begin at 0. */
function cut(o: HloOp, sizes: readonly Extent[], moved: readonly number[]): Tensor {
  return o
    .shape(0)
    .reduce<Tensor>(
      (x, size, d) => (moved.includes(d) || sizes[d] === -1 || size === sizes[d] ? x : o.body.slice(x, o.rank(0), d, 0, Number(sizes[d]))),
      o.in(0),
    )
}

const writers: Readonly<Record<string, string>> = {
  add: 'TensorScatterAdd',
  maximum: 'TensorScatterMax',
  minimum: 'TensorScatterMin',
  multiply: 'UnsortedSegmentProd',
}

/** The same of two tensors of one shape. */
const pairs: Readonly<Record<string, string>> = {
  TensorScatterAdd: 'AddV2',
  TensorScatterMax: 'Maximum',
  TensorScatterMin: 'Minimum',
  TensorScatterSub: 'Sub',
  UnsortedSegmentProd: 'Mul',
}

/** The op that does with elements and their updates what a scatter does; undefined for another function of both. */
function writerOf(o: HloOp, block: MlirBlock): string | undefined {
  const result = block.ops.at(-1)?.operands[0]
  if (!result || block.arguments.length !== 2) return o.refuse()
  if (result.id === block.arguments[1]!.id) return 'TensorScatterUpdate'
  const isSub = isDifference(block.ops, block.arguments[0]!.id, block.arguments[1]!.id, result.id)
  if (isSub) return 'TensorScatterSub'
  const by = combinerOf(block, 0, 1, 'f32')
  return by && writers[by.name]
}

function isDifference(ops: readonly MlirOp[], x: number, y: number, result: number): boolean {
  return ops.some((op) => op.name === 'subtract' && op.results[0]?.id === result && op.operands[0]?.id === x && op.operands[1]?.id === y)
}

/** Windows that do not lie within the operand are left out: they go to a row behind it, which is taken off again. */
function scatter(o: HloOp): Tensor {
  const { body } = o
  if (o.op.results.length !== 1) return o.refuse()
  const [block] = o.op.regions
  const op = writerOf(o, block ?? o.refuse())
  const isTruth = o.dtype(0) === 'bool'
  const rank = o.rank(0)
  const inserted = o.dims('inserted_window_dims', rank, [])
  const inputBatch = o.dims('input_batching_dims', rank, [])
  const indexBatch = batchDims(o, 'scatter_indices_batching_dims')
  const map = o.dims('scatter_dims_to_operand_dims', rank, [])
  const windowDims = o.dims('update_window_dims', o.rank(2), [])
  const places = placesOf(o, 1)
  const shape = o.shape(0)
  const dims = Array.from({ length: rank }, (_, d) => d)
  const inWindow = dims.filter((d) => !inserted.includes(d) && !inputBatch.includes(d))
  if (inWindow.length !== windowDims.length || inputBatch.length !== indexBatch.length) return o.refuse()
  const updateShape = o.shape(2)
  const windowOf = (d: number): number | undefined => (inWindow.includes(d) ? updateShape[windowDims[inWindow.indexOf(d)]!] : 1)
  if (
    map.length + inputBatch.length + places.batch.length === 0 &&
    inserted.every((d) => shape[d] === 1) &&
    inWindow.every((d) => windowOf(d) === shape[d])
  ) {
    // One window, of all there is.
    const sizes = body.sizesOf(o.in(0), shape)
    const update = inserted.length === 0 ? o.in(2) : body.reshape(o.in(2), sizes)
    if (op === 'TensorScatterUpdate') return update
    return op ? body.op(pairs[op] ?? o.refuse(), [o.in(0), update]) : o.inline(block!, [o.in(0), update], shape)[0]!
  }
  const short = dims.filter((d) => !map.includes(d) && !inputBatch.includes(d) && (inserted.includes(d) || windowOf(d) !== shape[d]))
  const isShort = map.length + inputBatch.length + short.length === 0 ? dims.slice(0, 1) : short
  const addressed = [...map, ...inputBatch, ...isShort]
  const rest = dims.filter((d) => !addressed.includes(d))
  const windows = addressed.filter((d) => inWindow.includes(d))
  const size = (d: number): Extent => windowOf(d) ?? { of: o.in(2), axis: windowDims[inWindow.indexOf(d)]! }
  const own = body.sizesOf(o.in(0), shape)
  const isWithin = map.every(
    (d, k) =>
      places.known !== undefined &&
      shape[d] !== undefined &&
      windowOf(d) !== undefined &&
      places.known.every((v, i) => (map.length > 1 && i % map.length !== k) || (v >= 0 && v <= shape[d]! - Number(windowOf(d)))),
  )
  const x = body.transpose(isTruth ? body.cast(o.in(0), 'bool', 'i32') : o.in(0), [...addressed, ...rest])
  const updateLabels = updateShape.map((_, i) =>
    windowDims.includes(i) ? dimLabel(inWindow[windowDims.indexOf(i)]!) : batchLabel(i - windowDims.filter((w) => w < i).length),
  )
  const batchLabels = places.batch.map((_, i) => batchLabel(i))
  const given = isTruth ? body.cast(o.in(2), 'bool', 'i32') : o.in(2)
  const updatesOrder = [...batchLabels, ...windows.map(dimLabel), ...rest.map(dimLabel)]
  const updates = arrange(o, { tensor: given, labels: updateLabels }, updatesOrder)
  const grid: Size[] = [...places.batch, ...windows.map(size)]
  const components = map.map((_, k) => places.component(k))
  let valid: Tensor | undefined
  if (!isWithin) {
    for (const [k, d] of map.entries()) {
      const part = components[k]!
      const last = scalar(o, lastPlace(o, own[d]!, size(d)))
      const fits = body.op('LogicalAnd', [body.op('GreaterEqual', [part, body.ints([0], [])]), body.op('LessEqual', [part, last])])
      valid = valid === undefined ? fits : body.op('LogicalAnd', [valid, fits])
    }
  }
  const gridOf = (part: Tensor, d: number, batch: readonly Size[] = places.batch): Tensor =>
    gridded(o, part, batch, windows.indexOf(d), windows.length, size(d))
  const zero = () => body.ints([0], [])
  const first = addressed[0]
  const parts = [
    ...map.map((d, k) => gridOf(components[k]!, d)),
    ...indexBatch.map((dim, i) =>
      gridOf(
        batchNumber(o, places.batch, dim),
        inputBatch[i]!,
        places.batch.map((s, j) => (j === dim ? s : 1)),
      ),
    ),
    ...isShort.map((d) =>
      gridOf(
        places.batch.length === 0
          ? zero()
          : body.reshape(
              zero(),
              places.batch.map(() => 1),
            ),
        d,
        places.batch.map(() => 1),
      ),
    ),
  ]
  if (first === undefined) return o.refuse()
  const order = [...addressed, ...rest]
  // What else a region makes of an element and its update is known where each place comes once.
  const isOnce = o.flag('unique_indices') || places.batch.every((s) => s === 1)
  if (!op && (!isOnce || isTruth)) return o.refuse()
  const isIn = valid && (windows.length === 0 ? valid : body.reshape(valid, [...places.batch, ...windows.map(() => 1)]))
  // Nothing else says that each place of the batch writes.
  if (map.length === 0 && grid.length > 0) parts[0] = body.op('BroadcastTo', [parts[0]!, body.sizes(grid)])
  if (op === 'UnsortedSegmentProd') return unturned(o, scaled(o, x, updates, parts, isIn, { addressed, rest }), order)
  let wide = x
  if (isIn) {
    const behind = scalar(o, lastPlace(o, own[first]!, 0))
    for (const k of map.keys()) parts[k] = body.op('SelectV2', [isIn, parts[k]!, k === 0 ? behind : zero()])
    const pads = dims.flatMap((_, i) => (i === 0 ? [0, 1] : [0, 0]))
    wide = body.op('Pad', [x, body.ints(pads, [rank, 2])])
  }
  const at = stacked(o, parts, grid)
  const applied = (): Tensor => {
    const sizes = updatesOrder.map((l) => updateShape[updateLabels.indexOf(l)])
    return o.inline(block!, [body.op('GatherNd', [wide, at]), updates], sizes)[0]!
  }
  const written = op ? body.op(op, [wide, at, updates]) : body.op('TensorScatterUpdate', [wide, at, applied()])
  const y = isIn ? body.slice(written, rank, 0, 0, -1) : written
  return unturned(o, isTruth ? body.cast(y, 'i32', 'bool') : y, order)
}

/** `x` times the product of the updates of each place, which are those of its number, row by row. */
function scaled(
  o: HloOp,
  x: Tensor,
  updates: Tensor,
  parts: readonly Tensor[],
  isIn: Tensor | undefined,
  { addressed, rest }: { readonly addressed: readonly number[]; readonly rest: readonly number[] },
): Tensor {
  const { body } = o
  const all = body.sizesOf(
    x,
    [...addressed, ...rest].map((d) => o.shape(0)[d]),
  )
  const [sizes, row] = [all.slice(0, addressed.length), all.slice(addressed.length)]
  const productOf = (of: readonly Size[]): Tensor | number =>
    of.every((s) => typeof s === 'number')
      ? of.reduce((n, s) => n * s, 1)
      : of.map((s) => (s === 'rest' ? o.refuse() : body.size(s))).reduce((a, b) => body.op('Mul', [a, b]))
  const count = productOf(sizes)
  const numbers = parts
    .map((p, k) => {
      const pitch = productOf(sizes.slice(k + 1))
      return pitch === 1 ? p : body.op('Mul', [p, scalar(o, pitch)])
    })
    .reduce((a, b) => body.op('AddV2', [a, b]))
  const at = isIn ? body.op('SelectV2', [isIn, numbers, scalar(o, count)]) : numbers
  const end = typeof count === 'number' ? body.ints([count + 1], []) : body.op('AddV2', [count, body.ints([1], [])])
  const rows = [body.reshape(updates, ['rest', ...row]), body.reshape(at, ['rest']), end]
  const products = body.slice(body.op('UnsortedSegmentProd', rows), 1 + row.length, 0, 0, -1)
  return body.op('Mul', [x, body.reshape(products, [...sizes, ...row])])
}

function unturned(o: HloOp, x: Tensor, order: readonly number[]): Tensor {
  return o.body.transpose(
    x,
    order.map((_, d) => order.indexOf(d)),
  )
}

export const indexed: Readonly<Record<string, Translate>> = { gather, dynamic_gather: gather, scatter }
