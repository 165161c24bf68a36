import { statSync } from 'node:fs'
import * as path from 'node:path'
import type { ByteSource } from '../src/core/bytes.ts'
import type { ExportOptions } from '../src/export/write-tflite.ts'
import { detectFormat } from '../src/import/detect.ts'
import type { Folder } from '../src/import/folder.ts'
import { type ReadOptions, readModel } from '../src/import/read-model.ts'
import type { SourceModel } from '../src/import/source-graph.ts'
import { readTfliteFile, type TfliteFile } from '../src/import/tflite/read-file.ts'
import { kindOfPath, openFile, openFolder } from '../src/platform/node.ts'
import type { Recipe } from '../src/quantize/recipe/recipe.ts'
import type { QuantizeMode } from '../src/quantize/types.ts'

/** A model opened from a path; its constants are read from the files until it is closed. */
export interface OpenSource {
  readonly model: SourceModel
  /** Paths that an output must not replace. */
  readonly files: readonly string[]
  /** Of all its files together. */
  readonly byteLength: number
  close(): void
}

/** Throws import/not-found, import/unreadable and what `readModel` throws. */
export async function openModel(location: string, options: ReadOptions): Promise<OpenSource> {
  if (kindOfPath(location) === 'folder') {
    const folder = openFolder(location)
    try {
      const opened = new Map<string, ByteSource>()
      const model = await readModel({ folder: recorded(folder, opened) }, options)
      const inside = [...folder.list().filter(isModelFile), ...opened.keys()]
      const files = [...new Set(inside)].map((f) => path.join(location, f))
      return { model, files, byteLength: files.reduce((n, f) => n + statSync(f).size, 0), close: () => folder.close() }
    } catch (e) {
      folder.close()
      throw e
    }
  }
  const file = openFile(location)
  const beside = openFolder(path.dirname(location))
  const close = () => {
    file.close()
    beside.close()
  }
  try {
    const opened = new Map<string, ByteSource>()
    const model = await readModel({ file, beside: recorded(beside, opened) }, options)
    const byteLength = [...opened.values()].reduce((n, f) => n + f.byteLength, file.byteLength)
    return { model, files: [location, ...[...opened.values()].map((f) => f.name)], byteLength, close }
  } catch (e) {
    close()
    throw e
  }
}

/** A `.tflite` file that is a source itself. */
export interface OpenTflite extends Omit<OpenSource, 'model'> {
  readonly tflite: TfliteFile
  readonly source: ByteSource
}

/** Opens a `.tflite` file; undefined when the path is something else. Throws what `readTfliteFile` throws. */
export function openTflite(location: string): OpenTflite | undefined {
  if (kindOfPath(location) !== 'file') return undefined
  const source = openFile(location)
  const close = () => source.close()
  try {
    if (detectFormat(source) === 'tflite') {
      return { tflite: readTfliteFile(source), source, files: [location], byteLength: source.byteLength, close }
    }
  } catch (e) {
    close()
    throw e
  }
  close()
  return undefined
}

/** The folder, noting what is opened. */
function recorded(folder: Folder, opened: Map<string, ByteSource>): Folder {
  const open = (relative: string) => {
    const source = folder.open(relative)
    if (source) opened.set(relative, source)
    return source
  }
  return { ...folder, open }
}

/** What of a SavedModel's folder makes up the model; not events, fingerprints and the like. */
function isModelFile(file: string): boolean {
  return file === 'saved_model.pb' || file.startsWith('variables/') || file.startsWith('assets/')
}

const modelTypes: Readonly<Record<SourceModel['format'] | 'tflite', NonNullable<ExportOptions['modelType']>>> = {
  'saved-model': 'TF_SAVED_MODEL',
  'graph-def': 'TF_GRAPH_DEF',
  'keras-h5': 'KERAS_MODEL',
  'keras-zip': 'KERAS_MODEL',
  'tfjs-layers': 'KERAS_MODEL',
  'tfjs-graph': 'TF_GRAPH_DEF',
  tflite: 'NONE',
}
const modes: Readonly<Record<QuantizeMode, ExportOptions['modes']>> = {
  none: [],
  dynamic: ['PTQ_DYNAMIC_RANGE'],
  'dynamic-int4': ['PTQ_DYNAMIC_RANGE'],
  // TensorFlow has no word for these.
  'weight-only-int8': [],
  'weight-only-int4': [],
  float16: ['PTQ_FLOAT16'],
  int8: ['PTQ_FULL_INTEGER'],
  'int8-only': ['PTQ_FULL_INTEGER'],
  uint8: ['PTQ_FULL_INTEGER'],
  int16x8: ['PTQ_INT16'],
  'int16x8-only': ['PTQ_INT16'],
}

/** What the file says of how it was made, in TensorFlow's words. */
export function exportOptions(format: keyof typeof modelTypes, mode: QuantizeMode, recipe?: Recipe): ExportOptions {
  return { modelType: modelTypes[format], modes: recipe ? recipeModes(recipe) : (modes[mode] ?? []) }
}

function recipeModes({ rules }: Recipe): NonNullable<ExportOptions['modes']> {
  const has = (fits: (action: Recipe['rules'][number]['action']) => boolean) => rules.some((r) => fits(r.action))
  return [
    ...(has((a) => a.kind === 'weights' && a.scheme.compute === 'dynamic') ? (['PTQ_DYNAMIC_RANGE'] as const) : []),
    ...(has((a) => a.kind === 'static' && a.type === 'i8') ? (['PTQ_FULL_INTEGER'] as const) : []),
    ...(has((a) => a.kind === 'static' && a.type === 'i16') ? (['PTQ_INT16'] as const) : []),
  ]
}
