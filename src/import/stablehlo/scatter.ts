import type { MlirBlock, MlirOp } from '../../wire/mlir/types.ts'
import type { Size, Tensor } from './body.ts'
import type { HloOp } from './hlo-op.ts'
import {
  arrange,
  batchDims,
  batchLabel,
  batchNumber,
  dimLabel,
  type Extent,
  gridded,
  lastPlace,
  liesWithin,
  placesOf,
  scalar,
  stacked,
} from './places.ts'
import { combinerOf } from './reduce.ts'

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
export function scatter(o: HloOp): Tensor {
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
  const isWithin = map.every((d, k) => liesWithin(places, k, map.length, shape[d], windowOf(d)))
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
