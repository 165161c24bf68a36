import { type DiagnosticFields, DowncastError, nearest } from '../core/diagnostics.ts'

const quoted = (names: readonly string[]): string => names.map((n) => JSON.stringify(n)).join(', ')
/** Long lists are cut in messages. */
const listed = (names: readonly string[]): string =>
  names.length === 0 ? 'none' : quoted(names.slice(0, 12)) + (names.length > 12 ? ` and ${names.length - 12} more` : '')
const didYouMean = (word: string, names: readonly string[]): string => {
  const near = nearest(word, names)
  return near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
}

/** A folder without `saved_model.pb` and `model.json`. */
export function noSavedModel(folder: string, files: readonly string[]): DowncastError {
  const below = files.find((f) => f.endsWith('/saved_model.pb'))?.slice(0, -'/saved_model.pb'.length)
  const meta = files.find((f) => /^[^/]*\.meta$/.test(f))
  const checkpoint = meta && `The graph of a checkpoint is in ${JSON.stringify(meta)}: give that file.`
  return new DowncastError({
    code: 'import/no-saved-model',
    message: `The folder ${JSON.stringify(folder)} holds no model: expected "saved_model.pb", "saved_model.pbtxt" or "model.json", found ${listed(files)}.`,
    file: folder,
    expected: 'saved_model.pb',
    actual: listed(files),
    hint: below
      ? `There is one in ${JSON.stringify(`${folder.replace(/\/$/, '')}/${below}`)}: give that folder.`
      : (checkpoint ??
        'Give the folder that tf.saved_model.save or Keras model.export wrote; TensorFlow Serving keeps it under a version number, e.g. model/1.'),
  })
}

export function pathOutsideFolder(folder: string, path: string): DowncastError {
  return new DowncastError({
    code: 'import/path-outside-folder',
    message: `A file of ${JSON.stringify(folder)} names ${JSON.stringify(path)}, which is not below the folder.`,
    file: folder,
    path,
    hint: 'Models that reach outside their folder are refused; save the model again.',
  })
}

export function unknownTags(file: string, wanted: readonly string[], found: readonly (readonly string[])[]): DowncastError {
  const sets = found.map((tags) => `{${tags.join(', ')}}`).join(', ') || 'none'
  return new DowncastError({
    code: 'import/unknown-tags',
    message: `${JSON.stringify(file)} has no graph with the tags {${wanted.join(', ')}}: it has ${sets}.`,
    file,
    expected: `{${wanted.join(', ')}}`,
    actual: sets,
    hint: found.length === 0 ? 'Save the model again.' : 'Choose one of these with --tags.',
  })
}

export function unknownSignature(file: string, wanted: string, found: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/unknown-signature',
    message: `${JSON.stringify(file)} has no signature ${JSON.stringify(wanted)}: it has ${listed(found)}.${didYouMean(wanted, found)}`,
    file,
    expected: wanted,
    actual: listed(found),
    hint: found.length === 0 ? undefined : 'Choose one of these with --signature.',
  })
}

/** `--inputs` or `--outputs` for a Keras model other than those it has. */
export function cutKeras(file: string, option: string, wanted: readonly string[], found: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/cut-keras',
    message: `${JSON.stringify(file)} is a Keras model, which is converted whole: ${option} can be ${listed(found)} only, not ${listed(wanted)}.`,
    file,
    expected: listed(found),
    actual: listed(wanted),
    hint: `Leave ${option} out, or save the part that is wanted as a model of its own.`,
  })
}

export function noSignature(file: string): DowncastError {
  return new DowncastError({
    code: 'import/no-signature',
    message: `${JSON.stringify(file)} has no signature, so nothing says what goes in and what comes out.`,
    file,
    hint: 'Save it with tf.saved_model.save(model, path, signatures=model.call.get_concrete_function(...)) or Keras model.export(path).',
  })
}

/** A signature argument or result that is no dense tensor. */
export function compositePort(signature: string, port: string, kind: 'sparse' | 'composite'): DowncastError {
  return new DowncastError({
    code: 'import/composite-port',
    message: `${JSON.stringify(port)} of signature ${JSON.stringify(signature)} is a ${kind} tensor, which LiteRT does not have.`,
    tensor: port,
    hint: 'Save a signature that takes and returns dense tensors, e.g. through tf.sparse.to_dense or RaggedTensor.to_tensor.',
  })
}

/** A reference to a node that is not in the graph. */
export function nodeMissing(file: string, name: string, user: string): DowncastError {
  return new DowncastError({
    code: 'import/node-missing',
    message: `${user} of ${JSON.stringify(file)} refers to ${JSON.stringify(name)}, which is not in the graph.`,
    file,
    node: name,
    hint: 'The file is inconsistent: save the model again.',
  })
}

export function functionMissing(file: string, name: string, user: string): DowncastError {
  return new DowncastError({
    code: 'import/function-missing',
    message: `${user} of ${JSON.stringify(file)} calls the function ${JSON.stringify(name)}, which is not in the file's library.`,
    file,
    node: user,
    hint: 'The file is inconsistent: save the model again.',
  })
}

export function functionRecursion(file: string, chain: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/function-recursion',
    message: `A function of ${JSON.stringify(file)} calls itself: ${chain.join(' -> ')}. LiteRT has no calls that could do that.`,
    file,
    hint: 'Write the recursion as a tf.while_loop.',
  })
}

export function functionArguments(file: string, name: string, expected: number, actual: number): DowncastError {
  return new DowncastError({
    code: 'import/function-arguments',
    message: `A call of the function ${JSON.stringify(name)} in ${JSON.stringify(file)} does not fit it: expected ${expected} arguments, found ${actual}.`,
    file,
    node: name,
    expected: `${expected}`,
    actual: `${actual}`,
    hint: 'The file is inconsistent: save the model again.',
  })
}

/** `limit` completes "more than ...". */
export function graphTooLarge(file: string, limit: string): DowncastError {
  return new DowncastError({
    code: 'import/graph-too-large',
    message: `With its functions inlined, the graph of ${JSON.stringify(file)} has more than ${limit}.`,
    file,
    expected: `at most ${limit}`,
    hint: 'Save a part of the model as a signature of its own.',
  })
}

/** Two nodes of a graph or function under one name: inputs could mean either. */
export function duplicateNode(file: string, node: string): DowncastError {
  return new DowncastError({
    code: 'import/duplicate-node',
    message: `${JSON.stringify(file)} has two nodes called ${JSON.stringify(node)} in one graph.`,
    file,
    node,
    hint: 'The file is inconsistent: save the model again.',
  })
}

/** A node that depends on itself outside of a loop: a damaged file. */
export function cyclicGraph(file: string, node: string, op: string): DowncastError {
  return new DowncastError({
    code: 'import/cyclic-graph',
    message: `${op} ${JSON.stringify(node)} of ${JSON.stringify(file)} depends on its own result, and is in no loop.`,
    file,
    node,
    op,
    hint: 'The file is inconsistent: save the model again.',
  })
}

/** Switch, Merge, Enter, Exit and the like that make up no condition or loop. */
export function unstructuredControlFlow(file: string, node: string, op: string, expected: string): DowncastError {
  return new DowncastError({
    code: 'import/unstructured-control-flow',
    message: `${op} ${JSON.stringify(node)} of ${JSON.stringify(file)} is in no form that tf.cond or tf.while_loop make: ${expected}.`,
    file,
    node,
    op,
    hint: 'Name tensors behind it with --inputs, or save the model with tf.compat.v1.enable_control_flow_v2().',
  })
}

/** An op of which the file does not say in which order its outputs are. */
export function opUndefined(file: string, op: string, node: string, output: string): DowncastError {
  return new DowncastError({
    code: 'import/op-undefined',
    message: `The file ${JSON.stringify(file)} does not define the op ${op} of ${JSON.stringify(node)}, so its output ${JSON.stringify(output)} has no place.`,
    file,
    node,
    op,
    hint: 'Save the model again with the library that provides the op loaded.',
  })
}

export function unfedPlaceholder(file: string, node: string, signature: string): DowncastError {
  return new DowncastError({
    code: 'import/unfed-placeholder',
    message: `Signature ${JSON.stringify(signature)} of ${JSON.stringify(file)} needs the placeholder ${JSON.stringify(node)}, which is none of its inputs.`,
    file,
    node,
    hint: `Name it too where --inputs names others, give it a value with --constant ${node}=..., or add it to the inputs of the signature.`,
  })
}

export function unsupportedResource(file: string, node: string, op: string): DowncastError {
  const isPipeline = /Iterator|Queue|Reader|Dataset|StagingArea/.test(op)
  return new DowncastError({
    code: 'import/unsupported-resource',
    message: `The model in ${JSON.stringify(file)} uses ${op} ${JSON.stringify(node)}: of the resources of TensorFlow, only variables can be imported, and tables of numbers that calls take.`,
    file,
    node,
    op,
    hint: isPipeline
      ? 'Name what comes out of it with --inputs, such as --inputs IteratorGetNext, and its shape with --shape: the app passes the numbers.'
      : 'Keep lookups in tables and other stateful objects outside of the signature, or name tensors behind them with --inputs.',
  })
}

/** A table whose contents the model changes as it runs. */
export function tableChanged(file: string, node: string, op: string): DowncastError {
  return new DowncastError({
    code: 'import/table-changed',
    message: `The model in ${JSON.stringify(file)} changes a table in ${op} ${JSON.stringify(node)}, which LiteRT cannot do.`,
    file,
    node,
    op,
    hint: 'Export a signature that only looks up.',
  })
}

/** A variable that the model writes in a way that has no form in LiteRT. */
export function variableWritten(
  file: string,
  variable: string,
  reason: string,
  write?: { readonly op: string; readonly layer: string },
): DowncastError {
  const writer = write ? `${write.op} ${JSON.stringify(write.layer)} of ${JSON.stringify(file)}` : `The model in ${JSON.stringify(file)}`
  return new DowncastError({
    code: 'import/variable-written',
    message: `${writer} writes the variable ${JSON.stringify(variable)}, which cannot be converted: ${reason}.`,
    file,
    ...(write && { node: write.layer, op: write.op }),
    tensor: variable,
    hint: /^Resource(Sparse)?Apply/.test(write?.op ?? '')
      ? 'Train with an optimizer of Keras that is not in tf.keras.optimizers.legacy, whose steps are plain arithmetic; or save a signature for inference.'
      : 'Save a signature for inference (training=False) that takes its state as an input and returns it as an output.',
  })
}

/** A variable that only signatures write which are left out. */
export function variableFixed(signatures: readonly string[], variable: string, writers: readonly string[]): DowncastError {
  const names = (list: readonly string[]) => list.map((name) => JSON.stringify(name)).join(', ')
  return new DowncastError({
    code: 'import/variable-fixed',
    message: `${names(signatures)} reads the variable ${JSON.stringify(variable)}, which only ${names(writers)} writes; without that it keeps its saved value.`,
    tensor: variable,
    hint: 'Convert the signatures together when one shall see what another wrote.',
  })
}

export function variableMissing(file: string, variable: string, node: string): DowncastError {
  return new DowncastError({
    code: 'import/variable-missing',
    message: `The checkpoint ${JSON.stringify(file)} has no value for the variable ${JSON.stringify(variable)} that ${JSON.stringify(node)} reads.`,
    file,
    node,
    tensor: variable,
    hint: 'Initialize the variable before saving, and save the model as a whole.',
  })
}

/** The model has variables and no `variables.index`. */
export function noCheckpoint(folder: string, variable: string, prefix: string): DowncastError {
  return new DowncastError({
    code: 'import/no-checkpoint',
    message: `${JSON.stringify(folder)} has no file ${JSON.stringify(`${prefix}.index`)} (nor one of the first version, ${JSON.stringify(prefix)}), where the value of the variable ${JSON.stringify(variable)} should be.`,
    file: folder,
    tensor: variable,
    expected: `${prefix}.index`,
    hint: 'Copy the whole folder of the model, with the files that hold its variables.',
  })
}

export function shardMissing(folder: string, shard: string): DowncastError {
  return new DowncastError({
    code: 'import/shard-missing',
    message: `${JSON.stringify(folder)} lacks ${JSON.stringify(shard)}, which holds values of variables.`,
    file: folder,
    expected: shard,
    hint: 'Copy the whole folder of the SavedModel, with its "variables" folder.',
  })
}

export function shardTooShort(shard: string, variable: string, end: number, byteLength: number): DowncastError {
  return new DowncastError({
    code: 'import/shard-too-short',
    message: `${JSON.stringify(shard)} is cut short: the variable ${JSON.stringify(variable)} ends at byte ${end}, the file at ${byteLength}.`,
    file: shard,
    tensor: variable,
    offset: byteLength,
    expected: `${end} bytes`,
    actual: `${byteLength}`,
    hint: 'The file is damaged or incomplete: copy or download it again.',
  })
}

export function bigEndianCheckpoint(file: string): DowncastError {
  return new DowncastError({
    code: 'import/big-endian',
    message: `The checkpoint ${JSON.stringify(file)} was written on a big-endian machine, which is not supported.`,
    file,
    hint: 'Load and save the model on a little-endian machine (x86, ARM).',
  })
}

/** A constant or variable of a type the IR has no form for. */
export function unsupportedDataType(file: string, what: string, type: string): DowncastError {
  return new DowncastError({
    code: 'import/unsupported-data-type',
    message: `${what} of ${JSON.stringify(file)} has the type ${type}, which LiteRT does not have.`,
    file,
    actual: type,
    hint: 'Cast it to a supported type, e.g. float32 or int8, before saving.',
  })
}

/** A file of a format that is no trained model, or one that is not read yet; `hint` says what to give instead. */
export function unsupportedFormat(file: string, what: string, hint: string): DowncastError {
  return new DowncastError({
    code: 'import/unsupported-format',
    message: `${JSON.stringify(file)} is ${what}, which is not converted; expected a SavedModel folder, a frozen GraphDef (.pb, .pbtxt), a checkpoint's .meta, a Keras .h5 or .keras file, or a TensorFlow.js model.json.`,
    file,
    actual: what,
    hint,
  })
}

/** A shape stated for an input that no signature has. */
export function unknownInput(file: string, wanted: string, found: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/unknown-input',
    message: `${JSON.stringify(file)} has no input ${JSON.stringify(wanted)}; it has ${listed(found)}.${didYouMean(wanted, found)}`,
    file,
    tensor: wanted,
    expected: listed(found),
    actual: wanted,
  })
}

/** A shape stated for an input that contradicts the model's own. */
export function conflictingShape(file: string, input: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'import/conflicting-shape',
    message: `The shape for the input ${JSON.stringify(input)} of ${JSON.stringify(file)} contradicts the model: expected ${expected}, found ${actual}.`,
    file,
    tensor: input,
    expected,
    actual,
    hint: 'Only sizes that the model leaves open (letters) can be chosen.',
  })
}

/** A GraphDef with variables, whose values are elsewhere. */
export function notFrozen(file: string, variable: string): DowncastError {
  return new DowncastError({
    code: 'import/not-frozen',
    message: `The graph in ${JSON.stringify(file)} has the variable ${JSON.stringify(variable)}, whose value is not in the file.`,
    file,
    tensor: variable,
    hint: 'Give the folder of the SavedModel, or freeze the graph first.',
  })
}

/** A GraphDef in which every result is used by another node, or that has none. */
export function noOutputs(file: string): DowncastError {
  return new DowncastError({
    code: 'import/no-outputs',
    message: `The graph in ${JSON.stringify(file)} has no node whose result is left unused, so its outputs are not known.`,
    file,
    hint: 'Name the tensors to compute with --outputs.',
  })
}

/** A tensor that an option names and the graph lacks. */
export function unknownTensor(file: string, option: string, tensor: string, nodes: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/unknown-tensor',
    message: `The graph in ${JSON.stringify(file)} has no tensor ${JSON.stringify(tensor)}, which ${option} names.${didYouMean(tensor.replace(/:.*/, ''), nodes)}`,
    file,
    tensor,
    hint: 'Name tensors as the graph does: the name of a node, and :1, :2 and so on for its further outputs.',
  })
}

/** The name of a layer of which several nodes are. */
export function ambiguousTensor(file: string, option: string, tensor: string, nodes: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/ambiguous-tensor',
    message: `${JSON.stringify(tensor)}, which ${option} names, could be several tensors of ${JSON.stringify(file)}: ${listed(nodes)}.`,
    file,
    tensor,
    hint: 'Give the name of one of them.',
  })
}

/** Information: the file does not say what goes in or comes out. */
export function inferredPorts(file: string, kind: 'inputs' | 'outputs', names: readonly string[]): DiagnosticFields {
  const why = kind === 'inputs' ? 'its placeholders' : 'what no other node uses'
  return {
    code: 'import/inferred-ports',
    message: `${JSON.stringify(file)} does not name its ${kind}; taken is ${why}: ${listed(names)}.`,
    file,
    hint: `Choose others with --${kind}.`,
  }
}

const otherSignatures = (others: readonly string[]): string =>
  others.length > 0
    ? `Choose another with --signature: ${listed(others)}.`
    : 'Name numeric tensors of the graph with --inputs and --outputs.'

/** A signature that takes strings, such as serialized `tf.Example`s; `features` are those parsed that are no dense numbers. */
export function stringInputs(
  file: string,
  signature: string,
  inputs: readonly string[],
  features: readonly string[],
  others: readonly string[],
): DiagnosticFields {
  const what =
    features.length === 0
      ? `it takes strings (${quoted(inputs)}), such as serialized tf.Examples, which LiteRT cannot parse`
      : `of the tf.Examples that it takes (${quoted(inputs)}) only dense numbers can become inputs, and it needs ${features.slice(0, 12).join(', ')}`
  return {
    code: 'import/string-inputs',
    message: `The signature ${JSON.stringify(signature)} of ${JSON.stringify(file)} cannot be converted: ${what}.`,
    file,
    tensor: inputs[0],
    hint: otherSignatures(others),
  }
}

/** Information: in place of serialized `tf.Example`s a signature takes what it would parse. */
export function parsedFeatures(file: string, signature: string, inputs: readonly string[], features: readonly string[]): DiagnosticFields {
  return {
    code: 'import/parsed-features',
    message: `The signature ${JSON.stringify(signature)} of ${JSON.stringify(file)} takes the features ${listed(features)} in place of the tf.Examples that it parses (${quoted(inputs)}); their defaults are not in it.`,
    file,
    tensor: inputs[0],
    hint: 'Pass the numbers themselves.',
  }
}

/** Outputs that are strings, such as names of classes; `isLeftOut` when the others stay. */
export function stringOutputs(
  file: string,
  signature: string,
  outputs: readonly string[],
  isLeftOut: boolean,
  others: readonly string[],
): DiagnosticFields {
  const verdict = isLeftOut ? `is converted without ${quoted(outputs)}:` : `cannot be converted: it gives only ${quoted(outputs)}, and`
  return {
    code: 'import/string-outputs',
    message: `The signature ${JSON.stringify(signature)} of ${JSON.stringify(file)} ${verdict} LiteRT does not make strings.`,
    file,
    tensor: outputs[0],
    hint: isLeftOut ? 'Look names up in the app, by the numbers that the other outputs give.' : otherSignatures(others),
  }
}

/** The graph of a training checkpoint: beside the results it has losses, metrics and what trains it. */
export function metaGraphOutputs(file: string, candidates: readonly string[], flag: string | undefined): DowncastError {
  const mayTrain = flag === undefined ? '' : `; ${JSON.stringify(flag)} may be its switch of training`
  return new DowncastError({
    code: 'import/meta-graph-outputs',
    message: `${JSON.stringify(file)} is the graph of a training checkpoint, which does not say what it is to compute; no other node uses ${listed(candidates)}${mayTrain}.`,
    file,
    hint: 'Name the tensors to compute with --outputs, and with --constant what a switch of training is, such as --constant is_training=false.',
  })
}

/** What `--constant` names cannot always have the value. */
export function unsuitableConstant(file: string, tensor: string, why: string): DowncastError {
  return new DowncastError({
    code: 'import/unsuitable-constant',
    message: `${JSON.stringify(tensor)} of ${JSON.stringify(file)} cannot become the constant that --constant states: ${why}.`,
    file,
    tensor,
    hint: 'Name an input of known sizes, a placeholder, and a value of its type: true or false, or a number.',
  })
}

/** Models of layers have no placeholders that could be constants. */
export function constantInLayers(file: string): DowncastError {
  return new DowncastError({
    code: 'import/constant-in-layers',
    message: `${JSON.stringify(file)} is no graph of TensorFlow, and --constant is for those.`,
    file,
    hint: 'Leave --constant out, or save the model with the value as a SavedModel.',
  })
}

/** Information: ops without results, which LiteRT does not run. */
export function opDropped(signature: string, op: string, layers: readonly string[]): DiagnosticFields {
  const more = layers.length > 1 ? ` and ${layers.length - 1} more` : ''
  return {
    code: 'import/op-dropped',
    message: `${op} ${JSON.stringify(layers[0])}${more} of ${JSON.stringify(signature)} is left out: it only checks or prints.`,
    node: layers[0],
    op,
  }
}
