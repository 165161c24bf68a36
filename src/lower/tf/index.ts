import type { LoweringRegistry } from '../registry.ts'
import { elementwise } from './elementwise.ts'
import { nn } from './nn.ts'
import { reductions } from './reduce.ts'
import { shape } from './shape.ts'

/** Lowerings of TensorFlow ops, one file per family. */
export const tensorflow: LoweringRegistry = Object.assign(Object.create(null), elementwise, nn, shape, reductions)
