import type { TensorType, Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { writeFlexBuffer } from '../../wire/flexbuffers/write.ts'
import type { SourceOp } from '../source-op.ts'
import { attributeMap } from './attributes.ts'
import { nodeDef } from './node-def.ts'

/** custom: an op that the app provides; flex: one that TensorFlow itself runs. */
export type OpaqueKind = 'custom' | 'flex'

/**
 * Keeps the op as a CUSTOM op of TFLite: under its own name with its attributes as options, or as `Flex<op>` with its NodeDef.
 * Throws `lower/unsupported-form` for an op that runs functions of its graph under Flex.
 */
export function keepOpaque(n: SourceOp, b: OpBuilder, kind: OpaqueKind, types: readonly TensorType[]): readonly Value[] {
  const { op, attrs } = n.node
  const [customCode, options] = kind === 'flex' ? [`Flex${op}`, flexOptions(n)] : [op, writeFlexBuffer(attributeMap(attrs).map)]
  const results = types.map((type) => ({ name: b.name, type }))
  return b.graph.addNode({ op: 'custom', attrs: { customCode, options }, inputs: n.operands, results, origin: b.origin }).results
}

function flexOptions(n: SourceOp): Uint8Array {
  const { op, attrs } = n.node
  const def = nodeDef(op, n.operands.length, attrs) ?? n.reject('it runs functions of the graph, and a Flex op cannot hold them')
  return writeFlexBuffer({
    kind: 'vector',
    items: [
      { kind: 'string', value: op },
      { kind: 'string', value: def },
    ],
  })
}
