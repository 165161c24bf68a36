import { type Contents, sourceOf } from '../core/bytes.ts'
import type { NdArray } from '../core/nd-array.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import type { Graph, Model, Node, ValueId } from '../ir/types.ts'
import { dropUncalledGraphs } from '../ops/bodies.ts'
import type { LiteRtRunner } from '../run/litert.ts'
import { withOpenSizes } from '../run/model-io.ts'
import { keepsState, type Running, signatureOf } from './kernel-run.ts'

const pieceBytes = 2 ** 28

export interface InPieces {
  readonly name: string
  readonly contents: Contents
  /** Whether inputs have other sizes than the file's. */
  readonly isOpen: boolean
  /** Bytes of constants of a piece, unless one operator alone has more. Default 256 MiB. */
  readonly most?: number
}

/** Consecutive operators as a graph of their own. */
export interface Piece {
  readonly graph: Graph
  readonly inputs: readonly ValueId[]
  readonly outputs: readonly ValueId[]
}

/**
 * A model that does not fit into the memory of LiteRT.js, some of its operators at a time: each piece is read from the file and written as
 * a model, and runs on what those before it gave. Undefined for models that keep something from run to run. Throws what `readTfliteFile` throws.
 */
export function runInPieces(runner: LiteRtRunner, { name, contents, isOpen, most = pieceBytes }: InPieces): Running | undefined {
  const model = importTflite(readTfliteFile(sourceOf(name, contents)))
  if (model.graphs.some(keepsState)) return undefined
  return {
    async run(feeds, settings) {
      const signature = signatureOf(model, settings?.signature)
      const graph = model.graphs[signature.graph]!
      const arrays = new Map<ValueId, NdArray>(signature.inputs.map((p) => [p.value, feeds.get(p.name)!]))
      const pieces = piecesOf(graph, most)
      for (const [at, piece] of pieces.entries()) {
        const loaded = await runner.load(tfliteBytes(modelOf(model, signature.graph, piece)), {
          name,
          ...(isOpen && { present: withOpenSizes }),
        })
        try {
          const own = new Map(piece.inputs.map((id) => [portName(id), arrays.get(id)!]))
          const results = await loaded.run(own, { signature: pieceKey, signal: settings?.signal })
          for (const id of piece.outputs) arrays.set(id, results.get(portName(id))!)
        } finally {
          await loaded.dispose()
        }
        const needed = new Set([...graph.outputs, ...pieces.slice(at + 1).flatMap((p) => p.inputs)])
        for (const id of arrays.keys()) if (!needed.has(id)) arrays.delete(id)
      }
      return new Map(signature.outputs.map((p) => [p.name, arrays.get(p.value) ?? constant(graph, p.value)]))
    },
    async reset() {},
    async dispose() {},
  }
}

const pieceKey = 'piece'
const portName = (id: ValueId): string => `v${id}`

function constant({ values }: Graph, id: ValueId): NdArray {
  const { type, data } = values.get(id)!
  return { dtype: type.dtype, shape: type.shape as readonly number[], bytes: data!.bytes() }
}

/** The operators in their order, as many at a time as have `most` bytes of constants; one that has more stands alone. */
export function piecesOf(graph: Graph, most: number): Piece[] {
  const groups: Node[][] = []
  let size = 0
  for (const node of graph.nodes) {
    const own = node.inputs.reduce<number>((n, id) => n + (id === null ? 0 : (graph.values.get(id)!.data?.byteLength ?? 0)), 0)
    if (groups.length === 0 || size + own > most) {
      groups.push([])
      size = 0
    }
    groups.at(-1)!.push(node)
    size += own
  }
  const readers = new Map<ValueId, number>(graph.outputs.map((id) => [id, groups.length]))
  for (const [at, nodes] of groups.entries())
    for (const id of nodes.flatMap((n) => n.inputs)) if (id !== null) readers.set(id, Math.max(at, readers.get(id) ?? 0))
  return groups.map((nodes, at) => {
    const made = nodes.flatMap((n) => n.outputs)
    const read = [...new Set(nodes.flatMap((n) => n.inputs.filter((id) => id !== null)))]
    const inputs = read.filter((id) => !made.includes(id) && !graph.values.get(id)!.data)
    const outputs = made.filter((id) => (readers.get(id) ?? -1) > at)
    const values = new Map([...read, ...made].map((id) => [id, graph.values.get(id)!]))
    return { graph: { name: graph.name, inputs, outputs, values, nodes }, inputs, outputs }
  })
}

function modelOf(model: Model, index: number, { graph, inputs, outputs }: Piece): Model {
  const ports = (ids: readonly ValueId[]) => ids.map((value) => ({ name: portName(value), value }))
  const signatures = [{ key: pieceKey, graph: index, inputs: ports(inputs), outputs: ports(outputs) }]
  const graphs = model.graphs.map((g, i) => (i === index ? graph : g))
  return dropUncalledGraphs({ graphs, signatures, description: '', metadata: new Map() })
}
