import { invariant } from '../core/diagnostics.ts'
import type { Attrs, Node, Value } from '../ir/types.ts'
import { OpBuilder } from '../ops/build.ts'
import { findSpec } from '../ops/index.ts'
import type { AttrSchema, AttrsIn, OpSpec } from '../ops/spec.ts'

/** The builder a rewrite gets: knows the nodes it has added, and makes variants of existing ones. */
export class RewriteBuilder extends OpBuilder {
  readonly added: Node[] = []

  override ops<A extends AttrSchema>(spec: OpSpec<string, A>, inputs: readonly (Value | null)[], attrs?: AttrsIn<A>): Value[] {
    const results = super.ops(spec, inputs, attrs)
    const node = results[0] && this.graph.producer(results[0].id)
    if (node && this.added.at(-1) !== node) this.added.push(node)
    return results
  }

  /** The same op with some operands or attributes exchanged; its one result. */
  like(node: Node, change: { inputs?: readonly (Value | null)[]; attrs?: Attrs }): Value {
    const spec = findSpec(node.op)
    invariant(spec, `there is no record of ${node.op}`)
    return this.op(spec, change.inputs ?? this.graph.operands(node), { ...node.attrs, ...change.attrs } as AttrsIn<AttrSchema>)
  }
}
