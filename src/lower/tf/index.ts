import type { LoweringRegistry } from '../registry.ts'
import { arrays } from './arrays.ts'
import { elementwise } from './elementwise.ts'
import { image } from './image.ts'
import { linear } from './linear.ts'
import { math } from './math.ts'
import { nn } from './nn.ts'
import { reductions } from './reduce.ts'
import { shape } from './shape.ts'

/** Lowerings of TensorFlow ops, one file per family. */
export const tensorflow: LoweringRegistry = Object.assign(
  Object.create(null),
  elementwise,
  arrays,
  linear,
  math,
  nn,
  image,
  shape,
  reductions,
)
