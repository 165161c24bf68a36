import type { ByteSource } from '../core/bytes.ts'
import { formatShape, type Shape } from '../core/shape.ts'
import { detectFormat } from './detect.ts'
import { conflictingShape, constantInLayers, cutKeras, unknownInput, unknownSignature, unsupportedFormat } from './diagnostics.ts'
import type { Folder } from './folder.ts'
import type { FixedInputs } from './graph-def/fixed-inputs.ts'
import { inputShapes } from './graph-def/ports.ts'
import type { SourceModel, SourcePort } from './source-graph.ts'

/** What a user points at: a folder, or one file with the folder it lies in, where the rest of a model of several files is. */
export type ModelLocation = { readonly folder: Folder } | { readonly file: ByteSource; readonly beside?: Folder | undefined }

export interface ReadOptions {
  /** Signature key of a SavedModel, or several; default: every signature. */
  readonly signature?: string | readonly string[] | undefined
  /** Tags of the MetaGraph of a SavedModel, all of them; default `['serve']`. */
  readonly tags?: readonly string[] | undefined
  /** Tensors of a graph that become the inputs: `x`, `x:1`, also in its middle. Default: those of the signature, of a GraphDef its placeholders. */
  readonly inputs?: readonly string[] | undefined
  /** Tensors of a graph to compute. Default: those of the signature, of a GraphDef what no other node uses. */
  readonly outputs?: readonly string[] | undefined
  /** Shapes by input name, where the model leaves sizes open; -1 leaves a size open. Default: as in the model. */
  readonly shapes?: ReadonlyMap<string, readonly number[]> | undefined
  /** Values of inputs of a graph that become constants, by name, such as a switch of training; conditions on them are decided. */
  readonly constants?: FixedInputs | undefined
}

/**
 * Reads a trained model; its format is found from the bytes, and only that importer is loaded.
 * Throws import/unsupported-format, import/unknown-signature, import/unknown-input, import/conflicting-shape, and what the importer throws.
 */
export async function readModel(location: ModelLocation, options: ReadOptions = {}): Promise<SourceModel> {
  const model = 'folder' in location ? await readFolder(location.folder, options) : await readFile(location.file, location.beside, options)
  checkCut(model, options)
  if (options.constants?.size && !graphFormats.has(model.format)) throw constantInLayers(model.name)
  const { signatures } = model.metadata
  const { signature, shapes } = options
  const unknown = [signature ?? []].flat().find((key) => !signatures.includes(key))
  if (unknown !== undefined) throw unknownSignature(model.name, unknown, signatures)
  return shapes ? withShapes(model, shapes) : model
}

/** Layers of Keras cannot be cut: what is named must be what the model has. A result may be called as TensorFlow 1 does, `dense/Softmax`. */
function checkCut({ name, format, graphs }: SourceModel, { inputs, outputs }: ReadOptions): void {
  if (!kerasFormats.has(format)) return
  const fits = (word: string, port: string) => word.replace(/:0$/, '') === port || word.startsWith(`${port}/`)
  for (const [option, named, ports] of [
    ['--inputs', inputs, graphs.flatMap((g) => g.inputs)],
    ['--outputs', outputs, graphs.flatMap((g) => g.outputs)],
  ] as const) {
    const names = ports.map((p) => p.name)
    const isAll = named?.length === names.length && names.every((n) => named.some((word) => fits(word, n)))
    if (named && !isAll) throw cutKeras(name, option, named, names)
  }
}

const graphFormats: ReadonlySet<SourceModel['format']> = new Set<SourceModel['format']>(['saved-model', 'graph-def', 'tfjs-graph'])
const kerasFormats: ReadonlySet<SourceModel['format']> = new Set<SourceModel['format']>(['keras-h5', 'keras-zip', 'tfjs-layers'])

async function readFolder(folder: Folder, options: ReadOptions): Promise<SourceModel> {
  const isSavedModel = folder.open('saved_model.pb') ?? folder.open('saved_model.pbtxt')
  const modelJson = isSavedModel ? undefined : folder.open('model.json')
  if (modelJson) return (await import('./tfjs/model-json.ts')).importTfjs(modelJson, folder, options)
  const { importSavedModel } = await import('./saved-model/read.ts')
  return importSavedModel(folder, options)
}

async function readFile(file: ByteSource, beside: Folder | undefined, options: ReadOptions): Promise<SourceModel> {
  const format = detectFormat(file)
  switch (format) {
    case 'keras-h5':
      return (await import('./keras/import-keras.ts')).importKerasH5(file)
    case 'keras-zip':
      return (await import('./keras/import-keras.ts')).importKerasZip(file)
    case 'tflite':
      throw unsupportedFormat(
        file.name,
        'a .tflite file already',
        'downcast convert stores its weights smaller, in a library convertTflite; downcast inspect shows what is in it.',
      )
    case 'empty':
      throw unsupportedFormat(file.name, 'an empty file', 'Fetch or save the model again.')
    case 'json':
      return (await import('./tfjs/model-json.ts')).importTfjs(file, beside, options)
    case 'graph-def':
    case 'graph-def-text':
      return (await import('./graph-def/read.ts')).importGraphDef(file, options, format === 'graph-def-text')
    case 'saved-model':
    case 'saved-model-text': {
      if (!beside) throw unsupportedFormat(file.name, 'the graph of a SavedModel alone', 'Give the folder that holds it.')
      return readFolder(beside, options)
    }
    case 'meta-graph':
    case 'meta-graph-text':
      return (await import('./saved-model/meta-graph.ts')).importMetaGraph(file, beside, options, format === 'meta-graph-text')
    case 'unknown':
      throw unsupportedFormat(file.name, 'of an unknown format', 'Give the file or folder that TensorFlow or Keras wrote.')
  }
}

/** The same model with the open sizes of inputs fixed; inputs may be called as tensors are, `x:0`. */
function withShapes(model: SourceModel, shapes: ReadonlyMap<string, readonly number[]>): SourceModel {
  const names = new Set(model.graphs.flatMap((g) => g.inputs.map((p) => p.name)))
  const stated = new Map<string, readonly number[]>()
  for (const [name, shape] of shapes) {
    const known = [name, name.replace(/:0$/, '')].find((n) => names.has(n))
    if (known === undefined) throw unknownInput(model.name, name, [...names])
    stated.set(known, shape)
  }
  const fix = (port: SourcePort): SourcePort => {
    const dims = stated.get(port.name)
    if (!dims) return port
    const [named] = inputShapes([{ name: port.name, dims }], false)
    const shape = dims.map((d, i) => (d < 0 ? (port.shape?.[i] ?? named![i]!) : d))
    if (!fits(shape, port.shape)) throw conflictingShape(model.name, port.name, formatShape(port.shape!), formatShape(shape))
    return { ...port, shape }
  }
  return { ...model, graphs: model.graphs.map((g) => ({ ...g, inputs: g.inputs.map(fix) })) }
}

function fits(shape: Shape, open: Shape | undefined): boolean {
  return open === undefined || (open.length === shape.length && open.every((d, i) => typeof d !== 'number' || d === shape[i]))
}
