import type { GraphEditor } from '../../ir/graph.ts'
import { mergeOrigins, type Node, type Value } from '../../ir/types.ts'
import { OpBuilder } from '../../ops/build.ts'
import { findSpec, op } from '../../ops/index.ts'
import { type OpSpec, operandIndex } from '../../ops/spec.ts'

/** A node that picks rows of a constant table, and the op whose kernel takes small tables. */
export interface Lookup {
  readonly spec: OpSpec
  readonly table: Value
  readonly indices: Value
}

/** Undefined where a node does not pick rows, or the table is computed. */
export function lookupOf(editor: GraphEditor, node: Node): Lookup | undefined {
  const spec = findSpec(node.op)
  const form = spec?.quant?.tableForm
  if (!form) return undefined
  const operand = (name: string) => editor.value(node.inputs[operandIndex(spec!, name)]!)
  const [table, indices] = [operand(form.table), operand(form.indices)]
  if (table.data === undefined || table.type.dtype !== 'f32' || table.fixed !== undefined) return undefined
  const areRows = table.type.shape.length >= 2 && form.picksRows(node.attrs, indices.type.shape.length)
  return areRows ? { spec: findSpec(form.op)!, table, indices } : undefined
}

/** The lookup in the place of its node: it takes a vector of i32, and its rows are put as the node gave them. */
export function replaceByLookup(editor: GraphEditor, node: Node, { spec, table, indices }: Lookup): Node {
  const out = editor.value(node.outputs[0]!)
  const origin = mergeOrigins([node.origin], 'small-weights')
  const b = new OpBuilder(editor)
  return editor.inPlaceOf(node, () => {
    const narrow =
      indices.type.dtype === 'i32' ? indices : b.at(origin, `${indices.name}/i32`, () => b.op(op.cast, [indices], { to: 'i32' }))
    const isVector = indices.type.shape.length === 1
    const ids = isVector ? narrow : b.at(origin, `${indices.name}/flat`, () => b.op(op.reshape, [narrow, b.i32([-1])]))
    const rows = b.at(origin, isVector ? out.name : `${out.name}/rows`, () => b.op(spec, [ids, table]))
    const result = isVector ? rows : b.at(origin, out.name, () => b.op(op.reshape, [rows, shapeOfRows(b, out, indices)]))
    const made = editor.producer(rows.id)!
    editor.replaceUses(out.id, result.id)
    editor.updateValue(result.id, { type: out.type })
    editor.removeNode(node)
    return made
  })
}

/** The sizes of the rows by their indices; -1 stands for one that only a run tells. */
function shapeOfRows(b: OpBuilder, { type }: Value, indices: Value): Value {
  const open = type.shape.filter((d) => typeof d !== 'number').length
  if (open <= 1) return b.i32(type.shape.map((d) => (typeof d === 'number' ? d : -1)))
  const row = type.shape.slice(indices.type.shape.length) as number[]
  return b.op(op.concatenation, [b.op(op.shape, [indices]), b.i32(row)], { axis: 0 })
}
