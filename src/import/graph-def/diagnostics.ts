import { type DiagnosticFields, DowncastError } from '../../core/diagnostics.ts'
import { didYouMean, quotedList, someOf } from '../../core/words.ts'

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
    message: `${JSON.stringify(tensor)}, which ${option} names, could be several tensors of ${JSON.stringify(file)}: ${someOf(nodes)}.`,
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
    message: `${JSON.stringify(file)} does not name its ${kind}; taken is ${why}: ${someOf(names)}.`,
    file,
    hint: `Choose others with --${kind}.`,
  }
}

/** Information: in place of serialized `tf.Example`s a signature takes what it would parse. */
export function parsedFeatures(file: string, signature: string, inputs: readonly string[], features: readonly string[]): DiagnosticFields {
  return {
    code: 'import/parsed-features',
    message: `The signature ${JSON.stringify(signature)} of ${JSON.stringify(file)} takes the features ${someOf(features)} in place of the tf.Examples that it parses (${quotedList(inputs)}); their defaults are not in it.`,
    file,
    tensor: inputs[0],
    hint: 'Pass the numbers themselves.',
  }
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
