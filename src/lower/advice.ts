import type { SourceModel } from '../import/source-graph.ts'
import { factsOf } from './tf/op-status.ts'

/** What a user can do about an op without a lowering: rewrite, cut, keep it as it is; the nearest first. */
export function adviceFor(format: SourceModel['format'], op: string): string {
  if (format === 'keras-h5' || format === 'keras-zip' || format === 'tfjs-layers')
    return 'Replace the layer with supported ones, or save the model with model.export(folder) and convert that SavedModel.'
  const { hasFlex, instead } = factsOf(op, {})
  const ways = [
    instead ?? (format === 'saved-model' ? 'export the part of the model before it' : 'cut the model before it with --outputs'),
    ...(hasFlex ? [`keep it as an op of TensorFlow with --allow-flex ${op}`] : []),
    `keep it as a custom op of your app with --allow-custom ${op}`,
  ]
  const text = ways.join('; or ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
