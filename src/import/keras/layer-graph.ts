import { isJsonObject, type Json, type JsonObject, member } from '../../core/json.ts'
import { limitExceeded } from '../../wire/diagnostics.ts'
import type { KerasLayer, SourceNode, SourceRef } from '../source-graph.ts'
import type { ConfigCursor } from './config-cursor.ts'
import { badGraph } from './diagnostics.ts'
import { type LayerConfig, type ModelConfig, readTensorPath, type TensorPath } from './model-config.ts'

/** Calls of layers and models together; nested models that call each other twice grow without bound. */
const maxCalls = 50_000

/** What the graph of a model is made in. */
export interface GraphBuilder {
  readonly file: string
  readonly version: 2 | 3
  readonly nodes: SourceNode[]
  /** Calls made so far. */
  calls: number
  /** Calls of functional models by key, read once. */
  readonly callsOf: Map<ModelConfig, ReadonlyMap<string, PlacedCall>>
  layerOf(layer: LayerConfig): KerasLayer
}

/** A call of a layer: tensors come out of `arguments` in the order they are met. */
interface Call {
  readonly args: readonly Json[]
  readonly kwargs: JsonObject
  readonly tensors: readonly TensorPath[]
}

/**
 * Adds the nodes of a model to the builder, nested models in place, and returns its outputs.
 * `inputs` feed the model's input layers in order; `prefix` is put before layer names. Throws `import/keras-graph`.
 */
export function addModel(b: GraphBuilder, model: ModelConfig, inputs: readonly SourceRef[], prefix: string): SourceRef[] {
  return model.kind === 'sequential' ? addSequential(b, model, inputs, prefix) : addFunctional(b, model, inputs, prefix)
}

function addSequential(
  b: GraphBuilder,
  model: ModelConfig & { kind: 'sequential' },
  inputs: readonly SourceRef[],
  prefix: string,
): SourceRef[] {
  let current = inputs
  for (const layer of model.layers) {
    if (layer.className === 'InputLayer') continue
    current = addCall(b, layer, { args: [...current.map((_, i) => ({ input: i }))], kwargs: {}, tensors: [] }, current, prefix, 0)
  }
  return [...current]
}

function addFunctional(
  b: GraphBuilder,
  model: ModelConfig & { kind: 'functional' },
  inputs: readonly SourceRef[],
  prefix: string,
): SourceRef[] {
  const { file } = b
  const byName = new Map(model.layers.map((l) => [l.name, l]))
  const results = new Map<string, readonly SourceRef[]>()
  if (inputs.length !== model.inputs.length) {
    throw badGraph(file, model.name, `the model takes ${model.inputs.length} inputs and is called with ${inputs.length}`)
  }
  for (const [i, { tensor }] of model.inputs.entries()) results.set(keyOf(tensor.layer, tensor.call), [inputs[i]!])

  const calls = b.callsOf.get(model) ?? readCalls(b.version, model)
  b.callsOf.set(model, calls)

  // Depth first, by hand: models may be deeper than the stack.
  const active = new Set<string>()
  const resolve = (tensor: TensorPath, path: string): void => {
    const stack = [{ key: keyOf(tensor.layer, tensor.call), tensor, path }]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      if (results.has(top.key)) {
        stack.pop()
        continue
      }
      const entry = calls.get(top.key)
      if (!entry) {
        const why = byName.has(top.tensor.layer)
          ? `layer ${JSON.stringify(top.tensor.layer)} has no call ${top.tensor.call}`
          : `there is no layer ${JSON.stringify(top.tensor.layer)}`
        throw badGraph(file, top.path, why)
      }
      const missing = entry.call.tensors.filter((t) => !results.has(keyOf(t.layer, t.call)))
      if (missing.length === 0) {
        const refs = entry.call.tensors.map((t) => pick(results, keyOf(t.layer, t.call), t, file, entry.path))
        results.set(top.key, addCall(b, entry.layer, entry.call, refs, prefix, entry.number))
        active.delete(top.key)
        stack.pop()
        continue
      }
      if (active.has(top.key)) throw badGraph(file, entry.path, `layer ${JSON.stringify(entry.layer.name)} needs its own result`)
      active.add(top.key)
      for (const t of missing.reverse()) stack.push({ key: keyOf(t.layer, t.call), tensor: t, path: entry.path })
    }
  }
  return model.outputs.map(({ tensor: stated, path }) => {
    const tensor = outputTensor(stated, model, b.version)
    resolve(tensor, path)
    return pick(results, keyOf(tensor.layer, tensor.call), tensor, file, path)
  })
}

const keyOf = (layer: string, call: number): string => `${call} ${layer}`

/** A call with the layer it is of. */
interface PlacedCall {
  readonly layer: LayerConfig
  readonly call: Call
  readonly number: number
  readonly path: string
}

function readCalls(version: 2 | 3, model: ModelConfig): ReadonlyMap<string, PlacedCall> {
  const calls = new Map<string, PlacedCall>()
  for (const layer of model.layers) {
    if (layer.className === 'InputLayer') continue
    const first = firstCall(layer, version)
    for (const [number, at] of layer.calls.array().entries()) {
      calls.set(keyOf(layer.name, first + number), { layer, call: readCall(at), number, path: at.path })
    }
  }
  return calls
}

function pick(results: ReadonlyMap<string, readonly SourceRef[]>, key: string, t: TensorPath, file: string, path: string): SourceRef {
  const refs = results.get(key)!
  const ref = refs[t.output]
  if (ref) return ref
  // How many outputs a layer has is known to lowering alone; only models have a list of them here.
  if (refs.length === 1 && refs[0]!.output === 0 && t.output < 256) return { node: refs[0]!.node, output: t.output }
  throw badGraph(file, path, `layer ${JSON.stringify(t.layer)} has no output ${t.output}`)
}

/**
 * The number by which calls refer to the first entry of `inbound_nodes`. A model has made its own inner call first, which the
 * list leaves out: Keras 2 counts it for every model whose input is stated, by an input layer or in the first layer, Keras 3 does not.
 */
function firstCall(layer: LayerConfig, version: 2 | 3): number {
  const first = layer.model?.layers[0]
  return version === 2 && first && (first.className === 'InputLayer' || Object.hasOwn(first.config, 'batch_input_shape')) ? 1 : 0
}

/** An output of the model, counted as calls are: here Keras 3 counts the inner call of Functional models. */
function outputTensor(tensor: TensorPath, model: ModelConfig, version: 2 | 3): TensorPath {
  const inner = model.layers.find((l) => l.name === tensor.layer)?.model
  return version === 3 && inner?.kind === 'functional' && tensor.call > 0 ? { ...tensor, call: tensor.call - 1 } : tensor
}

function addCall(b: GraphBuilder, layer: LayerConfig, call: Call, refs: readonly SourceRef[], prefix: string, number: number): SourceRef[] {
  const name = `${prefix}${layer.name}`
  const path = number === 0 ? name : `${name}@${number}`
  if (++b.calls > maxCalls) throw limitExceeded({ file: b.file, path: name, what: 'Keras model', expected: `at most ${maxCalls} calls` })
  if (layer.model) return addModel(b, layer.model, maskedInputs(b, layer, call, refs, path), `${path}/`)
  if (layer.inner) return addWrapped(b, layer, layer.inner, call, refs, path)
  return [addNode(b, layer, layer.className, call, refs, path)]
}

/** What a model is called with. Masks that the call states go on with the inputs, as they do from a layer that passes them. */
function maskedInputs(b: GraphBuilder, layer: LayerConfig, call: Call, refs: readonly SourceRef[], path: string): readonly SourceRef[] {
  const count = countInputs(call.args)
  const stated = count === 0 ? null : (call.args[1] ?? member(call.kwargs, 'mask') ?? null)
  if (stated === null) return refs
  const masks = (Array.isArray(stated) ? stated : [stated]) as readonly Json[]
  const inputs = refs.slice(0, countInputs(call.args.slice(0, 1)))
  return inputs.map((ref, i) => {
    const at = isJsonObject(masks[i] ?? null) ? member(masks[i] as JsonObject, 'input') : undefined
    if (typeof at !== 'number') return ref
    const masked = { args: [{ input: 0 }], kwargs: { mask: { input: 1 } } }
    return addNode(b, { ...layer, className: 'Identity', config: {} }, 'Identity', masked, [ref, refs[at]!], `${path}/input${i}`)
  })
}

function addNode(
  b: GraphBuilder,
  layer: LayerConfig,
  op: string,
  { args, kwargs }: Pick<Call, 'args' | 'kwargs'>,
  inputs: readonly SourceRef[],
  path: string,
): SourceRef {
  b.nodes.push({ name: path, op, inputs, attrs: noAttrs, layer: [path], keras: { layer: b.layerOf(layer), args, kwargs } })
  return { node: b.nodes.length - 1, output: 0 }
}

/**
 * A wrapper whose effect lies around the layer inside: `TimeDistributed` takes the steps into the batch before
 * (`TimeDistributed.fold`) and out of it after (`TimeDistributed.unfold`, which has the wrapper's input too).
 */
function addWrapped(
  b: GraphBuilder,
  layer: LayerConfig,
  inner: LayerConfig,
  call: Call,
  refs: readonly SourceRef[],
  path: string,
): SourceRef[] {
  if (layer.className !== 'TimeDistributed') return addCall(b, inner, call, refs, `${path}/`, 0)
  const one = { args: [{ input: 0 }], kwargs: {} }
  if (refs.length === 0) throw badGraph(b.file, path, 'it is called without a tensor')
  const tensors = refs.slice(0, countInputs(call.args))
  const folded = tensors.map((ref, i) => addNode(b, layer, 'TimeDistributed.fold', one, [ref], `${path}/fold${i}`))
  const results = addCall(b, inner, { args: call.args, kwargs: {}, tensors: [] }, folded, `${path}/`, 0)
  const pair = { args: [{ input: 0 }, { input: 1 }], kwargs: {} }
  return results.map((ref, i) => addNode(b, layer, 'TimeDistributed.unfold', pair, [ref, refs[0]!], i === 0 ? path : `${path}/unfold${i}`))
}

/** Tensors among positional arguments; they come before those of keyword arguments. */
function countInputs(args: readonly Json[]): number {
  return args.flat(8).filter((a) => isJsonObject(a as Json) && member(a as JsonObject, 'input') !== undefined).length
}

const noAttrs = { get: () => undefined, has: () => false, names: () => [] }

/** A call as Keras 2 (`[["layer", 0, 0, {kwargs}], ...]`) or Keras 3 (`{args, kwargs}`) writes it. */
function readCall(at: ConfigCursor): Call {
  const tensors: TensorPath[] = []
  const input = (tensor: TensorPath): Json => {
    tensors.push(tensor)
    return { input: tensors.length - 1 }
  }
  if (isJsonObject(at.value)) {
    const args = at
      .at('args')
      .array()
      .map((a) => replaceTensors(a, input, 0))
    return { args, kwargs: replaceMembers(at.at('kwargs'), input), tensors }
  }
  const list = at.array()
  const items = typeof list[0]?.value === 'string' ? [at] : list
  const first = items.map((item) => legacyFirst(item, input, 0))
  const kwargs = items[0] && firstLeaf(items[0])?.array()[3]
  const args = items.length === 1 ? first : [first]
  return { args, kwargs: kwargs && !kwargs.isAbsent ? legacyKwargs(kwargs, input) : {}, tensors }
}

/** What a function is called with first; lists of tensors may be nested. */
function legacyFirst(item: ConfigCursor, input: (t: TensorPath) => Json, depth: number): Json {
  if (depth > 16) return item.fail('arguments nested at most 16 deep')
  return isNested(item) ? item.array().map((inner) => legacyFirst(inner, input, depth + 1)) : legacyTensor(item, input)
}

const isNested = ({ value }: ConfigCursor): boolean => Array.isArray(value) && Array.isArray(value[0])

/** All of them repeat the keyword arguments. */
function firstLeaf(item: ConfigCursor): ConfigCursor | undefined {
  return isNested(item) ? firstLeaf(item.array()[0]!) : item
}

/** `["layer", 0, 0, {kwargs}]`, or `["_CONSTANT_VALUE", -1, value, {kwargs}]` for a value that is no tensor. */
function legacyTensor(item: ConfigCursor, input: (t: TensorPath) => Json): Json {
  const [name, , value] = item.array()
  return name?.value === '_CONSTANT_VALUE' ? (value?.value ?? null) : input(readTensorPath(item))
}

function legacyKwargs(at: ConfigCursor, input: (t: TensorPath) => Json): JsonObject {
  return Object.fromEntries(Object.keys(at.object()).map((name) => [name, legacyArgument(at.at(name), input, 0)]))
}

function legacyArgument(at: ConfigCursor, input: (t: TensorPath) => Json, depth: number): Json {
  const { value } = at
  if (depth > 16) return at.fail('arguments nested at most 16 deep')
  if (!Array.isArray(value)) return value ?? null
  if (isLegacyTensor(value) || value[0] === '_CONSTANT_VALUE') return legacyTensor(at, input)
  return at.array().map((a) => legacyArgument(a, input, depth + 1))
}

/** `["layer", 0, 0]`, which Keras 2 writes for a tensor among keyword arguments. */
function isLegacyTensor(value: readonly Json[]): boolean {
  return value.length >= 3 && typeof value[0] === 'string' && typeof value[1] === 'number' && typeof value[2] === 'number'
}

function replaceMembers(at: ConfigCursor, input: (t: TensorPath) => Json): JsonObject {
  if (at.isAbsent) return {}
  return Object.fromEntries(Object.keys(at.object()).map((name) => [name, replaceTensors(at.at(name), input, 0)]))
}

const isFloatName = (dtype: Json | undefined): boolean => typeof dtype === 'string' && /^b?float\d+$/.test(dtype)

function replaceTensors(at: ConfigCursor, input: (t: TensorPath) => Json, depth: number): Json {
  const { value } = at
  if (depth > 16) return at.fail('arguments nested at most 16 deep')
  if (Array.isArray(value)) return at.array().map((a) => replaceTensors(a, input, depth + 1))
  if (!isJsonObject(value)) return value ?? null
  if (member(value, 'class_name') === '__keras_tensor__') {
    const config = at.at('config')
    const dtype = isJsonObject(config.value) ? member(config.value, 'dtype') : undefined
    const read = input(readTensorPath(config.at('keras_history')))
    // Of numbers in the file 1.0 and 1 are the same, so that the type of what an operation gives is known here alone.
    return isFloatName(dtype) && isJsonObject(read) ? { ...read, isFloat: true } : read
  }
  return Object.fromEntries(Object.keys(value).map((name) => [name, replaceTensors(at.at(name), input, depth + 1)]))
}
