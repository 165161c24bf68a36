import type { SourceModel } from '../import/source-graph.ts'
import { factsOf } from './tf/op-status.ts'

type Named = Pick<SourceModel, 'format'>

/** Whether the model's ops are layers of Keras. */
export function isKeras({ format }: Named): boolean {
  return format === 'keras-h5' || format === 'keras-zip' || format === 'tfjs-layers'
}

/** Ops that run functions or hold state of the graph: an op kept as it is can do neither. */
const boundToGraph =
  /^((Stateless)?(If|While|Case)|VarHandleOp|(Read|Assign(Add|Sub)?)VariableOp|Tensor(List|Array|Map).*|LookupTable.*|.*HashTable.*)$/

/** What a user can do about an op without a lowering: rewrite, cut, keep it as it is; the nearest first. */
export function adviceFor(model: Named, op: string): string {
  if (isKeras(model))
    return 'Replace the layer with supported ones, or save the model with model.export(folder) and convert that SavedModel.'
  const { hasFlex, instead } = factsOf(op, {})
  const ways = [
    instead ?? (model.format === 'saved-model' ? 'export the part of the model before it' : 'cut the model before it with --outputs'),
  ]
  if (!boundToGraph.test(op)) {
    if (hasFlex) ways.push(`keep it as an op of TensorFlow with --allow-flex ${op}`)
    ways.push(`keep it as a custom op of your app with --allow-custom ${op}`)
  }
  const text = ways.join('; or ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
