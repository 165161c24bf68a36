import { isJsonObject, type JsonObject, member } from '../../core/json.ts'
import { limitExceeded } from '../../wire/diagnostics.ts'
import { ConfigCursor } from './config-cursor.ts'
import { subclassedModel } from './diagnostics.ts'
import { weightSlots } from './weight-slots.ts'

/** A layer of a model, as configured. `model` is set when the layer is itself a model. */
export interface LayerConfig {
  /** Unique in its model. */
  readonly name: string
  readonly className: string
  /** Where the class comes from, when the file says so: `keras.layers`, `__main__`. */
  readonly module: string | undefined
  readonly registeredName: string | undefined
  readonly config: JsonObject
  /** Whether the file says that the layer is the same object as one elsewhere in it; a `.keras` file holds its weights once. */
  readonly isShared: boolean
  /** The calls that made the graph, in order; empty in a Sequential model and for inputs. */
  readonly calls: ConfigCursor
  readonly model: ModelConfig | undefined
  /** The layer inside a wrapper that calls it as it is: `TimeDistributed`, `SpectralNormalization`. */
  readonly inner: LayerConfig | undefined
}

/** Output `output` of call `call` of a layer. */
export interface TensorPath {
  readonly layer: string
  readonly call: number
  readonly output: number
}

interface ModelPort {
  /** Key when the model takes or gives a dict, else undefined. */
  readonly key: string | undefined
  readonly tensor: TensorPath
  /** Where the file says so, for messages. */
  readonly path: string
}

export type ModelConfig =
  | { readonly kind: 'sequential'; readonly name: string; readonly layers: readonly LayerConfig[]; readonly buildInputShape: ConfigCursor }
  | {
      readonly kind: 'functional'
      readonly name: string
      readonly layers: readonly LayerConfig[]
      readonly inputs: readonly ModelPort[]
      readonly outputs: readonly ModelPort[]
    }

const maxDepth = 32
const maxLayers = 100_000
const modelClasses: ReadonlySet<string> = new Set(['Sequential', 'Functional', 'Model'])
const wrappers: ReadonlySet<string> = new Set(['TimeDistributed', 'SpectralNormalization'])
/** Ops of Keras 3 that stand in a model as layers do; their names are those of layers too. */
const opsModule = /^keras(\.src)?\.ops(\.|$)/

/**
 * Reads `{class_name, config}` of a whole model, as Keras 2 (`model_config`) and Keras 3 (`config.json`) write it.
 * Throws `import/keras-config`, `import/keras-subclassed-model`, `wire/limit-exceeded`.
 */
export function readModelConfig(root: ConfigCursor): ModelConfig {
  const className = root.at('class_name').string()
  if (!isModelClass(className)) throw subclassedModel(root.file, root.path, className)
  return readModel(root, { layersLeft: maxLayers }, 0)
}

function isModelClass(className: string): boolean {
  return modelClasses.has(className)
}

interface Budget {
  layersLeft: number
}

function readModel(at: ConfigCursor, budget: Budget, depth: number): ModelConfig {
  if (depth > maxDepth)
    throw limitExceeded({ file: at.file, path: at.path, what: 'nesting of models', expected: `at most ${maxDepth} levels` })
  const config = at.at('config')
  const isSequential = at.at('class_name').string() === 'Sequential'
  // Keras before 2.2.3 wrote the configuration of a Sequential model as its list of layers.
  const list = Array.isArray(config.value) ? config : config.at('layers')
  const name = Array.isArray(config.value) ? 'sequential' : (config.at('name').optionalString() ?? (isSequential ? 'sequential' : 'model'))
  const layers = list.array().map((layer) => {
    if (--budget.layersLeft < 0) throw limitExceeded({ file: at.file, what: 'Keras model', expected: `at most ${maxLayers} layers` })
    return readLayer(layer, budget, depth)
  })
  const names = new Set<string>()
  for (const [i, { name }] of layers.entries()) {
    if (names.has(name)) list.array()[i]?.at('config').at('name').fail('a name that no other layer of the model has')
    names.add(name)
  }
  if (isSequential) {
    return {
      kind: 'sequential',
      name,
      layers,
      buildInputShape: Array.isArray(config.value) ? new ConfigCursor(at.file, '', undefined) : config.at('build_input_shape'),
    }
  }
  return { kind: 'functional', name, layers, inputs: readPorts(config.at('input_layers')), outputs: readPorts(config.at('output_layers')) }
}

function readLayer(at: ConfigCursor, budget: Budget, depth: number): LayerConfig {
  if (depth > maxDepth)
    throw limitExceeded({ file: at.file, path: at.path, what: 'nesting of layers', expected: `at most ${maxDepth} levels` })
  const className = at.at('class_name').string()
  const config = at.at('config')
  const isNested = isModelClass(className)
  const body = Array.isArray(config.value) && isNested ? {} : config.object()
  const name = at.at('name').optionalString() ?? new ConfigCursor(at.file, `${at.path}.config.name`, member(body, 'name')).string()
  const module = at.at('module').optionalString()
  return {
    name,
    className: isOperation(at, module) ? `keras.ops.${className}` : className.replace(/^Custom>(?=CustomScaleLayer$)/, ''),
    module,
    registeredName: at.at('registered_name').optionalString(),
    config: body,
    isShared: !at.at('shared_object_id').isAbsent,
    calls: at.at('inbound_nodes'),
    model: isNested ? readModel(at, budget, depth + 1) : undefined,
    inner: wrappers.has(className) ? readLayer(config.at('layer'), budget, depth + 1) : undefined,
  }
}

/** HDF5 files state no module: there it is an object that Keras 3 called and that has no options of a layer. */
function isOperation(at: ConfigCursor, module: string | undefined): boolean {
  if (module !== undefined) return opsModule.test(module)
  const calls = at.at('inbound_nodes')
  const [call] = calls.isAbsent || isJsonObject(calls.value) ? [] : calls.array()
  const config = at.at('config').value
  if (!isJsonObject(call?.value) || !isJsonObject(config)) return false
  const has = (name: string) => member(config, name) !== undefined
  if (has('trainable') || has('layers')) return false
  return !has('dtype') || weightSlots(at.at('class_name').string(), config) === undefined
}

/** `[["a", 0, 0], ...]`, one `["a", 0, 0]`, or a dict of them. */
function readPorts(at: ConfigCursor): ModelPort[] {
  if (isJsonObject(at.value)) {
    return Object.keys(at.value).map((key) => ({ key, tensor: readTensorPath(at.at(key)), path: at.at(key).path }))
  }
  const items = at.array()
  if (typeof items[0]?.value === 'string') return [{ key: undefined, tensor: readTensorPath(at), path: at.path }]
  return items.map((item) => ({ key: undefined, tensor: readTensorPath(item), path: item.path }))
}

/** `["layer", call, output, ...]` */
export function readTensorPath(at: ConfigCursor): TensorPath {
  const [layer, call, output] = at.array()
  if (!layer || !call || !output) return at.fail('a layer name, the number of a call and the number of an output')
  return { layer: layer.string(), call: call.index(), output: output.index() }
}
