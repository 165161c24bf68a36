import type { Diagnostics } from '../../core/diagnostics.ts'
import type { DType } from '../../core/dtype.ts'
import { isJsonObject, type Json, type JsonObject, member } from '../../core/json.ts'
import type { Dim } from '../../core/shape.ts'
import type { KerasLayer, SourceAttr, SourceAttrs, SourceGraph, SourceModel, SourceNode, SourcePort, SourceRef } from '../source-graph.ts'
import { ConfigCursor } from './config-cursor.ts'
import { badGraph, customLayer, lambdaLayer, unbuiltModel } from './diagnostics.ts'
import { addModel } from './layer-graph.ts'
import type { LayerWeights } from './layer-weights.ts'
import type { LayerConfig, ModelConfig } from './model-config.ts'
import { weightSlots } from './weight-slots.ts'

/** What the two file formats have in common when they have been read. */
export interface KerasFile {
  readonly format: 'keras-h5' | 'keras-zip' | 'tfjs-layers'
  readonly name: string
  /** As the file states it: `2.21.0`, `3.15.1`. */
  readonly kerasVersion: string | undefined
  readonly model: ModelConfig
}

/** 3 for files of Keras 3, else 2. */
export function majorVersion(kerasVersion: string | undefined): 2 | 3 {
  return kerasVersion !== undefined && Number.parseInt(kerasVersion, 10) >= 3 ? 3 : 2
}

/** Adds an error for each layer whose class is not one of Keras: `import/keras-custom-layer`, `import/keras-lambda-layer`. */
export function checkLayers(model: ModelConfig, diagnostics: Diagnostics, prefix = ''): void {
  for (const layer of model.layers) checkLayer(layer, diagnostics, prefix)
}

function checkLayer(layer: LayerConfig, diagnostics: Diagnostics, prefix: string): void {
  const name = `${prefix}${layer.name}`
  if (layer.model) checkLayers(layer.model, diagnostics, `${name}/`)
  if (layer.inner) checkLayer(layer.inner, diagnostics, `${name}/`)
  const foreign = layer.model || layer.inner ? undefined : foreignClass(layer)
  if (foreign === 'Lambda') diagnostics.add('error', lambdaLayer(name))
  else if (foreign !== undefined) diagnostics.add('error', customLayer(name, foreign))
}

/** The class that makes a layer unknown: its own or, in a wrapper, that of the layer inside. */
function foreignClass(layer: LayerConfig): string | undefined {
  const isKeras = layer.module === undefined || /^(tf_)?keras(\.|$)|^tensorflow\.(python\.)?keras(\.|$)/.test(layer.module)
  if (!isKeras || layer.className.includes('>')) return layer.registeredName ?? layer.className
  if (weightSlots(layer.className, layer.config)) return undefined
  const inner = member(layer.config, 'layer')
  const className = isJsonObject(inner) ? member(inner, 'class_name') : undefined
  return typeof className === 'string' ? className : layer.className
}

/** The source model of a Keras file. Throws `import/keras-graph`, `import/keras-unbuilt`, `import/keras-config`. */
export function buildModel(file: KerasFile, weights: LayerWeights): SourceModel {
  const version = majorVersion(file.kerasVersion)
  const nodes: SourceNode[] = []
  const inputs = inputsOf(file.model, file.name)
  const ports: SourcePort[] = inputs.map(({ name, dtype, shape }, i) => {
    const attrs: [string, SourceAttr][] = [
      ['dtype', { kind: 'type', value: dtype, code: 0 }],
      ['shape', { kind: 'shape', value: shape.map((d) => (typeof d === 'number' ? d : -1)) }],
    ]
    nodes.push({ name, op: 'Placeholder', inputs: [], attrs: attrsOf(attrs), layer: [name] })
    return { name, tensorName: `serving_default_${name}:0`, ref: { node: i, output: 0 }, dtype, shape }
  })

  const layers = new Map<LayerConfig, KerasLayer>()
  const names = layerNames(file.model, '', new Map())
  const layerOf = (layer: LayerConfig): KerasLayer => {
    const known = layers.get(layer)
    if (known) return known
    const made = {
      name: names.get(layer) ?? layer.name,
      className: layer.className,
      version,
      config: layer.config,
      weights: weights.get(layer) ?? new Map(),
    }
    layers.set(layer, made)
    return made
  }
  const refs = addModel(
    { file: file.name, version, nodes, calls: 0, callsOf: new Map(), layerOf },
    file.model,
    ports.map((p) => p.ref),
    '',
  )
  const graph: SourceGraph = {
    name: 'serving_default',
    nodes,
    inputs: ports,
    outputs: outputsOf(file, version, refs),
    functions: {
      has: () => false,
      names: () => [],
      load: (name) => {
        throw badGraph(file.name, name, 'a Keras model has no functions')
      },
    },
  }
  return {
    format: file.format,
    name: file.name,
    graphs: [graph],
    metadata: { tags: [], frameworkVersion: file.kerasVersion, producer: undefined, framework: 'keras', signatures: [graph.name] },
    diagnostics: [],
  }
}

/** Names of layers with those of the models and wrappers around them. */
function layerNames(model: Pick<ModelConfig, 'layers'>, prefix: string, names: Map<LayerConfig, string>): ReadonlyMap<LayerConfig, string> {
  for (const layer of model.layers) {
    names.set(layer, prefix + layer.name)
    if (layer.model) layerNames(layer.model, `${prefix}${layer.name}/`, names)
    if (layer.inner) layerNames({ layers: [layer.inner] }, `${prefix}${layer.name}/`, names)
  }
  return names
}

function attrsOf(entries: readonly (readonly [string, SourceAttr])[]): SourceAttrs {
  const map = new Map(entries)
  return { get: (name) => map.get(name), has: (name) => map.has(name), names: () => [...map.keys()] }
}

interface Input {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly Dim[]
}

function inputsOf(model: ModelConfig, file: string): Input[] {
  if (model.kind === 'sequential') return [sequentialInput(model, file)]
  return model.inputs.map(({ tensor, path }) => {
    const layer = model.layers.find((l) => l.name === tensor.layer)
    if (layer?.className !== 'InputLayer') throw badGraph(file, path, `${JSON.stringify(tensor.layer)} is no input layer`)
    return inputOf(file, layer.config, layer.name) ?? unbuilt(file, model.name)
  })
}

function sequentialInput(model: ModelConfig & { kind: 'sequential' }, file: string): Input {
  const [first] = model.layers
  if (!first) throw unbuiltModel(file, model.name)
  const name = first.className === 'InputLayer' ? first.name : `${first.name}_input`
  const stated = inputOf(file, first.config, name)
  if (stated) return stated
  if (first.model) return { ...inputsOf(first.model, file)[0]!, name }
  const { buildInputShape } = model
  if (buildInputShape.isAbsent) throw unbuiltModel(file, model.name)
  return { name, dtype: 'f32', shape: shapeOf(buildInputShape, name) }
}

function unbuilt(file: string, model: string): never {
  throw unbuiltModel(file, model)
}

/** The input a layer states by `batch_input_shape` (Keras 2) or `batch_shape` (Keras 3). */
function inputOf(file: string, config: JsonObject, name: string): Input | undefined {
  const at = new ConfigCursor(file, `${name}.config`, config)
  const shape = ['batch_shape', 'batch_input_shape'].map((key) => at.at(key)).find((s) => !s.isAbsent)
  return shape && { name, dtype: dtypeOf(at.at('dtype')), shape: shapeOf(shape, name) }
}

/** Unknown sizes are named: `N` for the batch, `<input>_<axis>` for others. */
function shapeOf(at: ConfigCursor, name: string): Dim[] {
  return at.array().map((d, axis) => (d.isAbsent ? (axis === 0 ? 'N' : `${name.replace(/\W/g, '_')}_${axis}`) : d.index()))
}

const dtypes: ReadonlyMap<string, DType> = new Map([
  ['float32', 'f32'],
  ['float16', 'f16'],
  ['bfloat16', 'bf16'],
  ['float64', 'f64'],
  ['int8', 'i8'],
  ['int16', 'i16'],
  ['int32', 'i32'],
  ['int64', 'i64'],
  ['uint8', 'u8'],
  ['uint16', 'u16'],
  ['uint32', 'u32'],
  ['uint64', 'u64'],
  ['bool', 'bool'],
  ['string', 'string'],
])

/** A dtype by name, or the compute type of a policy: `"float32"`, `"mixed_float16"`, `{class_name, config: {name}}`. */
function dtypeOf(at: ConfigCursor): DType {
  if (at.isAbsent) return 'f32'
  const name = isJsonObject(at.value as Json) ? at.at('config').at('name') : at
  return dtypes.get(name.string().replace(/^mixed_/, '')) ?? name.fail('the name of a dtype')
}

/** Outputs under the names of the exported signature: layer names in Keras 2, also of a dict; `output_0`, ... or the keys of a dict in Keras 3. */
function outputsOf(file: KerasFile, version: 2 | 3, refs: readonly SourceRef[]): SourcePort[] {
  const { model } = file
  const names =
    model.kind === 'sequential'
      ? [{ key: undefined, layer: model.layers.at(-1)?.name ?? model.name }]
      : model.outputs.map(({ key, tensor }) => ({ key, layer: tensor.layer }))
  // Keras 2 numbers the outputs of a dict in the order of its keys.
  const order = [...names.keys()].sort((i, j) =>
    (names[i]!.key ?? '') < (names[j]!.key ?? '') ? -1 : names[i]!.key === names[j]!.key ? i - j : 1,
  )
  const unique = new Map(uniqueNames(order.map((i) => names[i]!.layer)).map((name, at) => [order[at]!, name]))
  const ports = refs.map((ref, i) => ({ name: version === 3 ? (names[i]!.key ?? `output_${i}`) : unique.get(i)!, ref }))
  // Keras 2 exports a dict of its outputs, which TensorFlow sorts.
  if (version === 2) ports.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return ports.map(({ name, ref }, i) => ({
    name,
    tensorName: `StatefulPartitionedCall${version === 3 ? '_1' : ''}:${i}`,
    ref,
    dtype: undefined,
    shape: undefined,
  }))
}

/** Names as Keras 2 tells outputs of one layer apart: `a`, `a_1`; a number that is taken is skipped. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  const counts = new Map<string, number>()
  return names.map((name) => {
    let proposal = name
    while (taken.has(proposal)) {
      const n = counts.get(name) ?? 1
      counts.set(name, n + 1)
      proposal = `${name}_${n}`
    }
    taken.add(proposal)
    return proposal
  })
}
