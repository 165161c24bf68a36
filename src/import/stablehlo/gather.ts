import { int, type Size, type Tensor } from './body.ts'
import type { HloOp } from './hlo-op.ts'
import {
  arrange,
  batchDims,
  batchLabel,
  batchNumber,
  clamped,
  dimLabel,
  type Extent,
  gridded,
  type Labelled,
  lastPlace,
  liesWithin,
  placesOf,
  stacked,
  without,
} from './places.ts'

/** Windows of an operand at places that index vectors tell. */
export function gather(o: HloOp): Tensor {
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
  const start = (k: number): Tensor => {
    const d = map[k]!
    const part = places.component(k)
    return liesWithin(places, k, map.length, shape[d], sizes[d]) ? part : clamped(o, part, lastPlace(o, own[d]!, sizes[d]!))
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
