import type { LoweringRegistry } from '../../registry.ts'
import { activationOperations } from './activations.ts'
import { attentionOperations } from './attention.ts'
import { creation } from './creation.ts'
import { functions } from './functions.ts'
import { indexing } from './indexing.ts'
import { joining } from './joining.ts'
import { linearAlgebra } from './linear-algebra.ts'
import { losses } from './losses.ts'
import { matrices } from './matrices.ts'
import { neighbourOperations } from './neighbours.ts'
import { normalizations } from './normalization.ts'
import { pairs } from './pairs.ts'
import { pictureOperations } from './pictures.ts'
import { products } from './products.ts'
import { reductions } from './reductions.ts'
import { refused } from './refused.ts'
import { segmentOperations } from './segments.ts'
import { shapes } from './shapes.ts'
import { sorting } from './sorting.ts'
import { spectra } from './spectra.ts'
import { uniqueOperations } from './unique.ts'
import { warpOperations } from './warps.ts'
import { windows } from './windows.ts'
import { withoutNan } from './without-nan.ts'

const operations: LoweringRegistry = Object.assign(
  Object.create(null),
  functions,
  pairs,
  reductions,
  withoutNan,
  sorting,
  shapes,
  joining,
  indexing,
  matrices,
  linearAlgebra,
  neighbourOperations,
  products,
  creation,
  activationOperations,
  normalizations,
  losses,
  attentionOperations,
  windows,
  pictureOperations,
  spectra,
  segmentOperations,
  warpOperations,
  uniqueOperations,
  refused,
)

/** Operations of Keras 3 by the name the importer gives them: `keras.ops.Add`. */
export const kerasOperations: LoweringRegistry = Object.fromEntries(
  Object.entries(operations).map(([name, lowering]) => [`keras.ops.${name}`, lowering]),
)
