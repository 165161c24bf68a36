import type { ByteSource } from '../../core/bytes.ts'
import { Diagnostics } from '../../core/diagnostics.ts'
import type { Json } from '../../core/json.ts'
import { limitExceeded } from '../../wire/diagnostics.ts'
import { openHdf5 } from '../../wire/hdf5/hdf5.ts'
import { openZip, type ZipArchive } from '../../wire/zip.ts'
import type { SourceModel } from '../source-graph.ts'
import { buildModel, checkLayers, type KerasFile, majorVersion } from './build-model.ts'
import { ConfigCursor } from './config-cursor.ts'
import { noModelConfig, notKerasZip } from './diagnostics.ts'
import { type LayerWeights, readLegacyWeights, readSavedWeights } from './layer-weights.ts'
import { readModelConfig } from './model-config.ts'
import { parsePythonJson } from './python-json.ts'

const maxConfigBytes = 32 << 20

/**
 * Imports a whole-model `.h5` file of Keras 2 or 3 (`model.save("model.h5")`).
 * Throws `import/keras-*` and what `openHdf5` throws; layers and weights at fault are collected.
 */
export async function importKerasH5(source: ByteSource): Promise<SourceModel> {
  const file = openHdf5(source)
  const text = file.attribute('/', 'model_config')?.[0]
  if (text === undefined) {
    const attributes = ['layer_names', 'keras_version', 'backend'].filter((name) => file.attribute('/', name) !== undefined)
    throw noModelConfig(source.name, [...attributes, ...file.childrenOf('/')])
  }
  const config = new ConfigCursor(source.name, '', parsePythonJson(source.name, 'model_config', text))
  const kerasVersion = file.attribute('/', 'keras_version')?.[0] ?? file.attribute('model_weights', 'keras_version')?.[0]
  const model = readModelConfig(config)
  return assemble({ format: 'keras-h5', name: source.name, kerasVersion, model }, (diagnostics) =>
    readLegacyWeights(file, 'model_weights', model, diagnostics),
  )
}

/**
 * Imports a `.keras` file (`model.save("model.keras")`).
 * Throws `import/keras-*` and what `openZip` and `openHdf5` throw; layers and weights at fault are collected.
 */
export async function importKerasZip(source: ByteSource): Promise<SourceModel> {
  const archive = openZip(source)
  const config = readJson(archive, 'config.json')
  const metadata = archive.entries.has('metadata.json') ? readJson(archive, 'metadata.json') : undefined
  const kerasVersion = metadata?.at('keras_version').optionalString()
  const model = readModelConfig(config)
  const entry = archive.entries.get('model.weights.h5')
  if (!entry) throw notKerasZip(source.name, 'model.weights.h5', [...archive.entries.keys()])
  const file = openHdf5(archive.open(entry))
  return assemble({ format: 'keras-zip', name: source.name, kerasVersion, model }, (diagnostics) =>
    readSavedWeights(file, model, diagnostics, majorVersion(kerasVersion) === 3),
  )
}

function assemble(file: KerasFile, readWeights: (diagnostics: Diagnostics) => LayerWeights): SourceModel {
  const diagnostics = new Diagnostics()
  checkLayers(file.model, diagnostics)
  // Weights of a custom layer would be reported a second time.
  diagnostics.throwIfErrors()
  const weights = readWeights(diagnostics)
  diagnostics.throwIfErrors()
  return buildModel(file, weights)
}

function readJson(archive: ZipArchive, name: string): ConfigCursor {
  const entry = archive.entries.get(name)
  if (!entry) throw notKerasZip(archive.name, name, [...archive.entries.keys()])
  if (entry.size > maxConfigBytes) {
    throw limitExceeded({
      file: archive.name,
      path: name,
      what: 'Keras configuration',
      expected: `at most ${maxConfigBytes} bytes`,
      actual: `${entry.size}`,
    })
  }
  const json: Json = parsePythonJson(archive.name, name, new TextDecoder().decode(archive.read(entry)))
  return new ConfigCursor(archive.name, '', json)
}
