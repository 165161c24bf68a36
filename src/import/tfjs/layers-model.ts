import { Diagnostics } from '../../core/diagnostics.ts'
import { isJsonObject, type Json } from '../../core/json.ts'
import type { JsonCursor } from '../json-cursor.ts'
import { buildModel, checkLayers } from '../keras/build-model.ts'
import { ConfigCursor } from '../keras/config-cursor.ts'
import { readSavedWeights } from '../keras/layer-weights.ts'
import { readModelConfig } from '../keras/model-config.ts'
import type { SourceModel } from '../source-graph.ts'
import type { TfjsFile } from './model-json.ts'
import { readNamedWeights, weightTree } from './named-weights.ts'
import { readWeights } from './weights.ts'

/**
 * A layers model: the configuration of a Keras model, with its weights by name.
 * Throws `import/tfjs-*` and `import/keras-*`; layers and weights at fault are collected.
 */
export function importLayersModel({ name, folder, root, topology }: TfjsFile): SourceModel {
  const diagnostics = new Diagnostics()
  const model = readModelConfig(new ConfigCursor(name, topology.path, pythonic(configOf(topology))))
  checkLayers(model, diagnostics)
  diagnostics.throwIfErrors()
  const weights = readWeights(root.at('weightsManifest'), folder, diagnostics)
  const tree = weightTree(name, weights)
  const layerWeights = tree ? readSavedWeights(tree, model, diagnostics) : readNamedWeights(name, weights, model, diagnostics)
  diagnostics.throwIfErrors()
  const kerasVersion = topology.at('keras_version').optionalString()
  const source = buildModel({ format: 'tfjs-layers', name, kerasVersion, model }, layerWeights)
  return { ...source, diagnostics: [...source.diagnostics, ...diagnostics.list] }
}

/** The model within the topology: files of the converter wrap it, those that TensorFlow.js itself saves do not. */
function configOf(topology: JsonCursor): Json | undefined {
  const wrapped = topology.at('model_config').isAbsent ? topology.at('modelConfig') : topology.at('model_config')
  return wrapped.isAbsent ? topology.value : wrapped.value
}

/** Nesting of a configuration beyond which its names are left as they are. */
const maxDepth = 200
/** Members whose own names are the user's. */
const freeNames = new Set(['input_layers', 'output_layers', 'inbound_nodes'])

/** The same with the names of members as Python writes them; TensorFlow.js once let its own (`className`) through. */
function pythonic(json: Json | undefined, depth = 0): Json | undefined {
  if (depth > maxDepth || typeof json !== 'object' || json === null) return json
  if (!isJsonObject(json)) return json.map((v) => pythonic(v, depth + 1) ?? null)
  const members = new Map<string, Json>()
  for (const [name, value] of Object.entries(json)) {
    const python = /^[a-z]+([A-Z][a-z]*)+$/.test(name) ? name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`) : name
    if (members.has(python) && python !== name) continue
    members.set(python, freeNames.has(python) ? value : (pythonic(value, depth + 1) ?? null))
  }
  return Object.fromEntries(members)
}
