import type { ByteSource } from '../../core/bytes.ts'
import { isJsonObject, member } from '../../core/json.ts'
import { limitExceeded } from '../../wire/diagnostics.ts'
import type { Folder } from '../folder.ts'
import type { GraphDefOptions } from '../graph-def/read.ts'
import { JsonCursor } from '../json-cursor.ts'
import { parsePythonJson } from '../keras/python-json.ts'
import type { SourceModel } from '../source-graph.ts'
import { badModelJson, noShardFolder, noTopology } from './diagnostics.ts'

/** Weights are in other files, so that graphs of tens of thousands of nodes stay below; what is read takes ten times the memory. */
const maxJsonBytes = 32 << 20

/** A `model.json` with the folder that its weight files are in. */
export interface TfjsFile {
  readonly name: string
  readonly folder: Folder
  readonly root: JsonCursor
  readonly topology: JsonCursor
}

/**
 * Reads a model of TensorFlow.js (a graph model or a layers model) from its `model.json`; which of them, the topology tells.
 * Throws `import/tfjs-*`, `import/path-outside-folder` and what the two importers throw.
 * @see https://www.tensorflow.org/js/guide/save_load
 */
export async function importTfjs(source: ByteSource, folder: Folder | undefined, options: GraphDefOptions = {}): Promise<SourceModel> {
  const root = parse(source)
  const members = isJsonObject(root.value) ? Object.keys(root.value) : []
  if (!members.includes('modelTopology')) throw noTopology(source.name, members)
  if (!folder) throw noShardFolder(source.name)
  const topology = root.at('modelTopology')
  const file: TfjsFile = { name: source.name, folder, root, topology }
  if (Array.isArray(member(topology.object(), 'node'))) return (await import('./graph-model.ts')).importGraphModel(file, options)
  return (await import('./layers-model.ts')).importLayersModel(file)
}

function parse(source: ByteSource): JsonCursor {
  if (source.byteLength > maxJsonBytes) {
    throw limitExceeded({ file: source.name, what: 'JSON', expected: `at most ${maxJsonBytes} bytes`, actual: `${source.byteLength}` })
  }
  const text = new TextDecoder().decode(source.read(0, source.byteLength))
  return new JsonCursor(badModelJson, source.name, '', parsePythonJson(source.name, '', text, badModelJson))
}
