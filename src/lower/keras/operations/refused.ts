import type { LoweringRegistry } from '../../registry.ts'
import { layer } from '../keras-op.ts'

/*
 * Operations that no LiteRT operators compute, with what to do instead.
 */

const families: readonly (readonly [names: string, reason: string, hint: string])[] = [
  [
    'Cond Switch Map VectorizedMap Scan AssociativeScan WhileLoop ForiLoop JVP',
    'it calls Python functions, which the file does not hold as a graph',
    'Export the model as a SavedModel, which holds the graph: model.export("folder").',
  ],
  [
    'Eig Eigh Pinv Lstsq LuFactor MatrixRank SVD',
    'LiteRT has no operators that find eigenvalues or singular values',
    'Compute it before the model or after it, in the app.',
  ],
  ['CTCLoss', 'LiteRT has no operators that align sequences', 'Let the model return its scores and decode them in the app.'],
  ['ElasticTransform', 'it draws other random numbers in each run', 'Augment pictures before the model, in training alone.'],
  ['Argpartition', 'Keras finds it of integers in one row alone', 'Use keras.ops.argsort or keras.ops.top_k.'],
  ['Histogram', 'Keras does not run it in a model', 'Use keras.ops.digitize and keras.ops.bincount.'],
]

export const refused: LoweringRegistry = Object.fromEntries(
  families.flatMap(([names, reason, hint]) => names.split(' ').map((name) => [name, layer((k) => k.reject(reason, hint))])),
)
