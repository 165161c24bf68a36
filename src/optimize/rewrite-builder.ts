import { invariant } from '../core/diagnostics.ts'
import type { Attrs, Node, TensorType, Value } from '../ir/types.ts'
import { OpBuilder } from '../ops/build.ts'
import { findSpec } from '../ops/index.ts'
import type { AttrSchema, AttrsIn, OpSpec } from '../ops/spec.ts'

interface Change {
  readonly inputs?: readonly (Value | null)[]
  readonly attrs?: Attrs
}

/** The builder a rewrite gets: knows the nodes it has added, and makes variants of existing ones. */
export class RewriteBuilder extends OpBuilder {
  readonly added: Node[] = []

  override ops<A extends AttrSchema>(
    spec: OpSpec<string, A>,
    inputs: readonly (Value | null)[],
    attrs?: AttrsIn<A>,
    declared?: readonly TensorType[],
  ): Value[] {
    const results = super.ops(spec, inputs, attrs, declared)
    const node = results[0] && this.graph.producer(results[0].id)
    if (node && this.added.at(-1) !== node) this.added.push(node)
    return results
  }

  /** The same op with some operands or attributes exchanged; its one result. */
  like(node: Node, change: Change): Value {
    const results = this.allLike(node, change)
    invariant(results.length === 1, `${node.op} has ${results.length} results`)
    return results[0]!
  }

  /** The same with all its results. */
  allLike(node: Node, change: Change): Value[] {
    const spec = findSpec(node.op)
    invariant(spec, `there is no record of ${node.op}`)
    const types = node.outputs.map((id) => this.graph.value(id).type)
    return this.ops(spec, change.inputs ?? this.graph.operands(node), { ...node.attrs, ...change.attrs } as AttrsIn<AttrSchema>, types)
  }
}
