import { type DiagnosticFields, DowncastError } from '../../core/diagnostics.ts'
import { someOf } from '../../core/words.ts'

/** JSON that is not the configuration of a Keras model. `path` is the place in it: `config.layers[3].class_name`. */
export function badConfig(file: string, path: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'import/keras-config',
    message: `The Keras configuration of ${JSON.stringify(file)} is not understood at ${path || 'its root'}: expected ${expected}, found ${actual}.`,
    file,
    path,
    expected,
    actual,
    hint: 'Load the model in Keras and save it again; a file that Keras loads and downcast does not is a bug worth reporting.',
  })
}

/** An HDF5 file without the configuration of a model. */
export function noModelConfig(file: string, found: readonly string[]): DowncastError {
  const isWeights = found.some((n) => n === 'layer_names' || n === 'layers' || n === 'vars' || n === '_layer_checkpoint_dependencies')
  return new DowncastError({
    code: 'import/keras-no-config',
    message: `The file ${JSON.stringify(file)} holds ${isWeights ? 'only the weights of a Keras model' : 'no Keras model'}: expected the attribute "model_config", found ${someOf(found)}.`,
    file,
    expected: 'model_config',
    actual: someOf(found),
    hint: isWeights
      ? 'Weights alone do not say how the layers are connected: save the whole model with model.save("model.keras").'
      : 'Save the model with model.save("model.h5") or model.save("model.keras").',
  })
}

/** A zip archive that lacks a part of a `.keras` file. */
export function notKerasZip(file: string, missing: string, found: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/keras-zip-incomplete',
    message: `The archive ${JSON.stringify(file)} is no Keras model: expected ${JSON.stringify(missing)}, found ${someOf(found)}.`,
    file,
    expected: missing,
    actual: someOf(found),
    hint: 'Save the model with model.save("model.keras").',
  })
}

/** A model that is a Python class of its own, so the file does not hold its graph. */
export function subclassedModel(file: string, path: string, className: string): DowncastError {
  return new DowncastError({
    code: 'import/keras-subclassed-model',
    message: `The model in ${JSON.stringify(file)} is of the class ${JSON.stringify(className)}; its layers are connected by Python code that the file does not hold.`,
    file,
    path,
    expected: 'Sequential or Functional',
    actual: className,
    hint: 'Export it as a SavedModel, which holds the graph: model.export("folder").',
  })
}

/** A layer class that is not Keras' own. */
export function customLayer(layer: string, className: string): DiagnosticFields {
  return {
    code: 'import/keras-custom-layer',
    message: `Layer ${JSON.stringify(layer)} is of the class ${JSON.stringify(className)}, which is not one of Keras: its computation is Python code that the file does not hold.`,
    node: layer,
    op: className,
    hint: 'Export the model as a SavedModel, which holds the graph: model.export("folder"); or build the layer from those of Keras.',
  }
}

export function lambdaLayer(layer: string): DiagnosticFields {
  return {
    code: 'import/keras-lambda-layer',
    message: `Layer ${JSON.stringify(layer)} is a Lambda: its function is Python bytecode, which downcast neither runs nor reads.`,
    node: layer,
    op: 'Lambda',
    hint: 'Export the model as a SavedModel, which holds the graph: model.export("folder"); or replace the Lambda by layers of Keras.',
  }
}

/** A model whose input shape the file does not state. */
export function unbuiltModel(file: string, model: string): DowncastError {
  return new DowncastError({
    code: 'import/keras-unbuilt',
    message: `The model ${JSON.stringify(model)} in ${JSON.stringify(file)} has no input shape: it was saved before it was built.`,
    file,
    node: model,
    hint: 'Add keras.Input(shape) as its first layer, or call model.build(input_shape), and save it again.',
  })
}

/** Layers that refer to what is not there, or to each other in a circle. */
export function badGraph(file: string, path: string, reason: string): DowncastError {
  return new DowncastError({
    code: 'import/keras-graph',
    message: `The layers of ${JSON.stringify(file)} do not make a graph at ${path}: ${reason}.`,
    file,
    path,
    hint: 'Load the model in Keras and save it again.',
  })
}

/** Weights of a layer that are missing, or not those its configuration asks for. */
export function badWeights(
  file: string,
  layer: string,
  className: string,
  expected: readonly string[],
  actual: readonly string[],
): DiagnosticFields {
  return {
    code: 'import/keras-weights',
    message: `Layer ${JSON.stringify(layer)} (${className}) does not have the weights its configuration asks for: expected ${someOf(expected)}, found ${someOf(actual)}.`,
    node: layer,
    op: className,
    file,
    expected: someOf(expected),
    actual: someOf(actual),
    hint: 'Save the model again after building and loading its weights.',
  }
}
