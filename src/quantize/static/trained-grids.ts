import { type ConstData, lazyConst } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { GraphEditor } from '../../ir/graph.ts'
import type { Graph, Node, Value, ValueId } from '../../ir/types.ts'
import { op } from '../../ops/index.ts'
import { stateSteps } from '../../ops/steps.ts'
import { channelsOf } from './constants.ts'
import { type Grid, grid } from './grid.ts'

export interface TrainedGrids {
  readonly graph: Graph
  /** Grids of int8 activations, as the model was trained on them. */
  readonly declared: ReadonlyMap<ValueId, Grid>
}

/** Whether a graph has activations that were trained on 8-bit grids. */
export function isTrained(graph: Graph): boolean {
  const editor = new GraphEditor(graph)
  return graph.nodes.some((n) => pairOf(editor, n)?.x.data === undefined && pairOf(editor, n) !== undefined)
}

/**
 * A graph without the DEQUANTIZE(QUANTIZE(x)) pairs that stand for 8-bit fake quantization, and the grid of each such x: u8 moved by 128 to
 * i8. Those of `apart` keep theirs. Constants between such a pair get its steps. @see SPEC 4.7
 */
export function trainedGrids(graph: Graph, apart: ReadonlySet<ValueId> = new Set()): TrainedGrids {
  const editor = new GraphEditor(graph)
  const declared = new Map<ValueId, Grid>()
  let isChanged = false
  for (const { id } of graph.nodes) {
    const widen = editor.current(id)
    const pair = widen && pairOf(editor, widen)
    if (!pair) continue
    const { x, stored, narrow } = pair
    if (x.data) {
      const of = stepsAround(x, stored)
      if (!of) continue
      stateSteps(x.data, { of, zeroPoint: 128 })
    } else {
      const { quant, dtype } = stored.type
      if (quant?.kind !== 'per-tensor' || declared.has(x.id) || apart.has(x.id)) continue
      declared.set(x.id, grid(quant.scale, dtype === 'u8' ? quant.zeroPoint - 128 : quant.zeroPoint))
    }
    isChanged = true
    editor.replaceUses(widen.outputs[0]!, x.id)
    editor.removeNode(widen)
    if (editor.useCount(stored.id) === 0) editor.removeNode(narrow)
  }
  return { graph: isChanged ? editor.finish() : graph, declared }
}

function pairOf(editor: GraphEditor, widen: Node): { x: Value; stored: Value; narrow: Node } | undefined {
  if (widen.op !== op.dequantize.name) return undefined
  const narrow = editor.producer(widen.inputs[0]!)
  if (narrow?.op !== op.quantize.name) return undefined
  const [x, stored] = [editor.value(narrow.inputs[0]!), editor.value(narrow.outputs[0]!)]
  const isByte = stored.type.dtype === 'u8' || stored.type.dtype === 'i8'
  return isByte && x.type.dtype === 'f32' ? { x, stored, narrow } : undefined
}

/** Steps of a constant that goes through 8 bits around 0, one for each element; undefined for other grids. */
function stepsAround(x: Value, { type: { quant, dtype } }: Value): ConstData | undefined {
  if (!quant || quant.kind === 'blockwise') return undefined
  const center = dtype === 'u8' ? 128 : 0
  const scales = quant.kind === 'per-tensor' ? Float32Array.of(quant.scale) : quant.scales
  const zeroPoints = quant.kind === 'per-tensor' ? [quant.zeroPoint] : [...quant.zeroPoints]
  if (!zeroPoints.every((z) => z === center)) return undefined
  const { run, count: channels } = channelsOf(x, quant.kind === 'per-tensor' ? null : quant.axis)
  const count = x.data!.byteLength / 4
  return lazyConst(count * 4, () => bytesOf(Float32Array.from({ length: count }, (_, i) => scales[Math.floor(i / run) % channels]!)))
}
