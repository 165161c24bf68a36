import type { LoweringRegistry } from '../registry.ts'
import { activationLayers } from './activations.ts'
import { attentionLayers } from './attention.ts'
import { convLayers } from './conv.ts'
import { coreLayers, coreMasks } from './core.ts'
import { locallyConnectedLayers } from './locally-connected.ts'
import { lookupLayers } from './lookup.ts'
import { mergingLayers, mergingMasks } from './merging.ts'
import { normalizationLayers } from './normalization.ts'
import { kerasOperations } from './operations/index.ts'
import { poolingLayers } from './pooling.ts'
import { preprocessingLayers } from './preprocessing.ts'
import { recurrentLayers } from './recurrent.ts'
import { reshapingLayers } from './reshaping.ts'
import { spectrogramLayers } from './spectrograms.ts'
import { tensorflowFunctions } from './tf-functions.ts'
import { wrapperLayers } from './wrappers.ts'

/** Lowerings of Keras layers, one file per family. */
export const keras: LoweringRegistry = Object.assign(
  Object.create(null),
  coreLayers,
  convLayers,
  locallyConnectedLayers,
  poolingLayers,
  normalizationLayers,
  reshapingLayers,
  mergingLayers,
  activationLayers,
  attentionLayers,
  preprocessingLayers,
  lookupLayers,
  spectrogramLayers,
  wrapperLayers,
  recurrentLayers,
  kerasOperations,
  tensorflowFunctions,
  coreMasks,
  mergingMasks,
)
