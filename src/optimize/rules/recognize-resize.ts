import { mulDims } from '../../core/dim.ts'
import type { Dim } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { op } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { isReadOnce, operandAt, resultOf } from '../weighted.ts'

/** What the reshape makes of a tile of a reshape: dims that were 1 repeated. */
interface Repeat {
  /** Before the first reshape. */
  readonly x: Value
  /** After it, before the tile. */
  readonly split: readonly Dim[]
  readonly multiples: readonly number[]
  readonly nodes: readonly Node[]
}

/** tile, or broadcast_to, of a reshape, none with other readers. */
function repeatOf(graph: GraphEditor, tile: Node | undefined): Repeat | undefined {
  if ((tile?.op !== 'tile' && tile?.op !== 'broadcast_to') || !isReadOnce(graph, tile)) return undefined
  const reshape = graph.producer(tile.inputs[0]!)
  if (reshape?.op !== 'reshape' || !isReadOnce(graph, reshape)) return undefined
  const split = resultOf(graph, reshape).type.shape
  const spread = resultOf(graph, tile).type.shape
  const multiples = spread.map((d, i) => (d === split[i] ? 1 : split[i] === 1 && typeof d === 'number' ? d : 0))
  if (multiples.includes(0) || spread.length !== split.length) return undefined
  return { x: operandAt(graph, reshape, 0)!, split, multiples, nodes: [reshape, tile] }
}

/** Every sample of the kernel, floor(i * (from / to)) in f32, is the element that repeating gives. @see LiteRT kernels/internal/reference/resize_nearest_neighbor.h */
function samplesRepeat(from: number, times: number): boolean {
  const scale = Math.fround(from / Math.fround(from * times))
  return Array.from({ length: from * times }, (_, i) => Math.floor(Math.fround(i * scale)) === Math.floor(i / times)).every((same) => same)
}

/** The factors by which height and width of [N,H,W,C] are repeated, when the reshapes and tiles do just that. */
function factorsOf(shape: readonly Dim[], repeats: readonly Repeat[]): readonly [number, number] | undefined {
  const [n, h, w, c] = shape
  const isAt = (r: Repeat, dims: readonly (Dim | undefined)[], multiples: readonly (number | undefined)[]) =>
    r.split.length === dims.length &&
    dims.every((d, i) => d === r.split[i]) &&
    multiples.every((m, i) => m === undefined || m === r.multiples[i])
  const [first, second] = repeats
  if (first && !second && isAt(first, [n, h, 1, w, 1, c], [1, 1, undefined, 1, undefined, 1]))
    return [first.multiples[2]!, first.multiples[4]!]
  if (!first || !second) return undefined
  const tall = isAt(first, [n, h, 1, w, c], [1, 1, undefined, 1, 1]) ? first.multiples[2]! : undefined
  if (tall && isAt(second, [n, mulDims(h!, tall), w, 1, c], [1, 1, 1, undefined, 1])) return [tall, second.multiples[3]!]
  const wide = isAt(first, [n, h, w, 1, c], [1, 1, 1, undefined, 1]) ? first.multiples[3]! : undefined
  if (wide && isAt(second, [n, h, 1, mulDims(w!, wide), c], [1, 1, undefined, 1, 1])) return [second.multiples[2]!, wide]
  return undefined
}

/**
 * reshape -> tile -> reshape (-> tile -> reshape) that repeats the rows and columns of pictures, as Keras 3 upsamples
 * =>  resize_nearest_neighbor;  likewise gathers of rows and columns at 0, 0, 1, 1, 2, 2 ..
 */
export const recognizeResize: readonly Rule[] = [
  rule('recognize-resize', {
    semantics: 'exact',
    pattern: op('reshape', { as: 'root' }),
    check({ root }, graph) {
      const last = repeatOf(graph, graph.producer(root.inputs[0]!))
      if (!last) return other
      const first = repeatOf(graph, graph.producer(last.x.id))
      return resized(resultOf(graph, root), first ? [first, last] : [last], root)
    },
    rewrite: (_, { x, size }, b) => b.op(ops.resizeNearestNeighbor, [x, b.i32(size)]),
  }),
  rule('recognize-resize', {
    semantics: 'exact',
    pattern: op('gather', { as: 'root', attrs: { batchDims: 0 } }),
    check({ root }, graph) {
      const inner = graph.producer(root.inputs[0]!)
      if (inner?.op !== 'gather' || inner.attrs.batchDims !== 0) return other
      const x = operandAt(graph, inner, 0)!
      const [low, high] = [root, inner].sort((a, b) => (a.attrs.axis as number) - (b.attrs.axis as number)) as [Node, Node]
      const factors = [low, high].map((node, i) => repeatedIndices(graph, node, x.type.shape[i + 1]!))
      if (low.attrs.axis !== 1 || high.attrs.axis !== 2 || x.type.shape.length !== 4 || factors.includes(undefined)) return other
      if (!isReadOnce(graph, inner)) return miss('the rows alone have other readers', inner)
      return resizedBy(x, factors as [number, number], root, [inner])
    },
    rewrite: (_, { x, size }, b) => b.op(ops.resizeNearestNeighbor, [x, b.i32(size)]),
  }),
]

function resized({ type }: Value, repeats: readonly Repeat[], root: Node) {
  const { x } = repeats[0]!
  if (x.type.shape.length !== 4 || type.shape.length !== 4) return other
  const factors = factorsOf(x.type.shape, repeats)
  const [n, h, w, c] = x.type.shape
  if (!factors || ![n, mulDims(h!, factors[0]), mulDims(w!, factors[1]), c].every((d, i) => d === type.shape[i]))
    return miss('it repeats something else than rows and columns', root)
  return resizedBy(
    x,
    factors,
    root,
    repeats.flatMap((r) => r.nodes),
  )
}

function resizedBy(x: Value, [tall, wide]: readonly [number, number], root: Node, nodes: readonly Node[]) {
  const [, h, w] = x.type.shape
  if (x.type.dtype !== 'f32') return other
  if (typeof h !== 'number' || typeof w !== 'number') return miss('the size of the picture is unknown', root)
  if (!samplesRepeat(h, tall) || !samplesRepeat(w, wide)) return miss('the kernel would round to another pixel', root)
  return hit({ x, size: [h * tall, w * wide] }, nodes)
}

/** For constant indices 0, 0, 1, 1, .. over all of an axis: how often each occurs. */
function repeatedIndices(graph: GraphEditor, node: Node, size: Dim): number | undefined {
  const indices = constInts(operandAt(graph, node, 1))
  if (!indices || operandAt(graph, node, 1)!.type.shape.length !== 1 || typeof size !== 'number') return undefined
  const times = indices.length / size
  return Number.isInteger(times) && indices.every((k, i) => k === Math.floor(i / times)) ? times : undefined
}
