import type { Model, Node, Value, ValueId } from '../ir/types.ts'
import type { operatorCodeTable } from '../schema/tflite/model.ts'
import type { ModelRecord, OperatorRecord, TensorRecord } from '../schema/tflite/records.ts'
import type { RecordOf } from '../wire/flatbuffers/schema.ts'
import type { TrailingZip } from '../wire/trailing-zip.ts'

/*
 * What a `.tflite` file says beyond the IR. The reader hangs it on what it makes; the writer puts it back as long as what it belongs to
 * is the same object, so a pass that rewrites a node or a value need not know of it.
 */

export interface KeptOperator {
  readonly code: RecordOf<typeof operatorCodeTable>
  readonly operator: OperatorRecord
  /** The operands it had, to tell whether its version still holds. */
  readonly inputs: readonly (ValueId | null)[]
  readonly intermediates: readonly Value[]
}

export interface KeptModel extends Pick<ModelRecord, 'externalBufferGroups' | 'externalBuffers'> {
  readonly minRuntimeVersion: string | undefined
  readonly archive: TrailingZip | undefined
}

/** The tensor a value was read from, while its type is as read. */
export function keptTensor(v: Value): TensorRecord | undefined {
  return v.kept && v.kept.of === v.type ? (v.kept.record as TensorRecord) : undefined
}

export function keptOperator(node: Node): KeptOperator | undefined {
  return node.kept?.record as KeptOperator | undefined
}

/** Whether the attributes are as read: then so are the file's options. */
export function hasKeptOptions(node: Node): boolean {
  return node.kept?.of === node.attrs
}

/** The graph that a composite op of a file stands for, by its number; undefined for other ops. */
export function decompositionOf(node: Node): number | undefined {
  const options = keptOperator(node)?.operator.builtinOptions2
  return options?.type === 'StableHLOCompositeOptions' ? options.value.decompositionSubgraphIndex : undefined
}

export function keptModel(model: Model): KeptModel | undefined {
  return model.kept as KeptModel | undefined
}
