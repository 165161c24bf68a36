import type { ByteSource } from '../core/bytes.ts'
import { formatShape, type Shape } from '../core/shape.ts'
import { detectFormat } from './detect.ts'
import { conflictingShape, unknownInput, unsupportedFormat } from './diagnostics.ts'
import type { Folder } from './folder.ts'
import type { SourceModel, SourcePort } from './source-graph.ts'

/** What a user points at: a folder, or one file. */
export type ModelLocation = { readonly folder: Folder } | { readonly file: ByteSource }

export interface ReadOptions {
  /** Signature key of a SavedModel; default: every signature. */
  readonly signature?: string | undefined
  /** Tags of the MetaGraph of a SavedModel, all of them; default `['serve']`. */
  readonly tags?: readonly string[] | undefined
  /** Shapes by input name, where the model leaves sizes open. Default: as in the model. */
  readonly shapes?: ReadonlyMap<string, readonly number[]> | undefined
}

/**
 * Reads a trained model; its format is found from the bytes, and only that importer is loaded.
 * Throws import/unsupported-format, import/unknown-input, import/conflicting-shape, and what the importer throws.
 */
export async function readModel(location: ModelLocation, options: ReadOptions = {}): Promise<SourceModel> {
  const model = 'folder' in location ? await readFolder(location.folder, options) : await readFile(location.file)
  return options.shapes ? withShapes(model, options.shapes) : model
}

async function readFolder(folder: Folder, options: ReadOptions): Promise<SourceModel> {
  const { importSavedModel } = await import('./saved-model/read.ts')
  return importSavedModel(folder, options)
}

async function readFile(file: ByteSource): Promise<SourceModel> {
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
        'Convert the model it was made from; downcast inspect shows what is in it.',
      )
    case 'empty':
      throw unsupportedFormat(file.name, 'an empty file', 'Fetch or save the model again.')
    case 'json':
      throw unsupportedFormat(file.name, 'JSON, perhaps of TensorFlow.js', 'Give the SavedModel or Keras file it was made from.')
    case 'protobuf-text':
      throw unsupportedFormat(file.name, 'a graph in text form', 'Give the folder of the SavedModel it belongs to.')
    case 'protobuf':
      throw unsupportedFormat(file.name, 'a protobuf or an unknown format', 'For a saved_model.pb, give the folder that holds it.')
  }
}

/** The same model with the open sizes of inputs fixed. */
function withShapes(model: SourceModel, shapes: ReadonlyMap<string, readonly number[]>): SourceModel {
  const names = new Set(model.graphs.flatMap((g) => g.inputs.map((p) => p.name)))
  for (const name of shapes.keys()) if (!names.has(name)) throw unknownInput(model.name, name, [...names])
  const fix = (port: SourcePort): SourcePort => {
    const shape = shapes.get(port.name)
    if (!shape) return port
    if (!fits(shape, port.shape)) throw conflictingShape(model.name, port.name, formatShape(port.shape!), formatShape(shape))
    return { ...port, shape }
  }
  return { ...model, graphs: model.graphs.map((g) => ({ ...g, inputs: g.inputs.map(fix) })) }
}

function fits(shape: readonly number[], open: Shape | undefined): boolean {
  return open === undefined || (open.length === shape.length && open.every((d, i) => typeof d !== 'number' || d === shape[i]))
}
