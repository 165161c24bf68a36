import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import { viewNode } from '../../ops/view.ts'
import { type Weighted, weightedOf } from '../weighted.ts'

/** The op with weights that alone reads what another gives. */
export interface Partner {
  readonly second: Weighted
  /** Results on the way to it. */
  readonly between: readonly Value[]
}

/** f(s x) = s f(x) for every s > 0. */
const homogeneous: ReadonlySet<unknown> = new Set([undefined, 'none', 'relu'])

/** Who reads the channels of `first`'s result with weights, or why nobody does; `unfit` says why weights may not change. */
export function partnerOf(editor: GraphEditor, first: Weighted, unfit: (w: Weighted) => string | undefined): Partner | string {
  const between: Value[] = []
  for (let node = first.node; ; ) {
    const bound = node.attrs.fusedActivation
    if (!homogeneous.has(bound)) return `${String(bound).toUpperCase()} does not scale with what it is applied to`
    const value = editor.value(node.outputs[0]!)
    between.push(value)
    const last = value.type.shape.at(-1)
    if (typeof last !== 'number' || last % first.outputs !== 0) return 'its channels do not stay apart on the way to the next weights'
    if (editor.outputs.includes(value.id)) return 'an output of the model shows its result'
    const [user, ...more] = editor.users(value.id).filter((n) => !findSpec(n.op)?.quant?.readsShape)
    if (!user) return 'nobody reads its result'
    if (more.length > 0 || user.inputs.filter((id) => id === value.id).length > 1) return 'its result has several readers'
    const second = weightedOf(editor, user)
    if (second !== undefined) return joined(first, user, second, unfit) ?? { second: second as Weighted, between }
    if (user.inputs[0] !== value.id || !passesFactors(editor, user)) {
      return `${findSpec(user.op)?.builtin ?? user.op} behind it does not scale with what it reads`
    }
    node = user
  }
}

function joined(first: Weighted, user: Node, second: Weighted | string, unfit: (w: Weighted) => string | undefined) {
  const reason = typeof second === 'string' ? second : unfit(second)
  if (reason !== undefined) return `${findSpec(user.op)!.builtin} behind it cannot take the factors: ${reason}`
  const { inputs } = second as Weighted
  return inputs % first.outputs === 0 ? undefined : 'its channels do not stay apart on the way to the next weights'
}

function passesFactors(editor: GraphEditor, node: Node): boolean {
  const spec = findSpec(node.op)
  if (typeof spec?.passesFactors !== 'function') return spec?.passesFactors === true
  return spec.passesFactors(viewNode(spec, node.attrs, editor.operands(node), node.origin))
}
