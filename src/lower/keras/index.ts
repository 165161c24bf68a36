import type { LoweringRegistry } from '../registry.ts'
import { activationLayers } from './activations.ts'
import { convLayers } from './conv.ts'
import { coreLayers } from './core.ts'

/** Lowerings of Keras layers, one file per family. */
export const keras: LoweringRegistry = Object.assign(Object.create(null), coreLayers, convLayers, activationLayers)
