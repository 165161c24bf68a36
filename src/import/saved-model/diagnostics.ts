import { type DiagnosticFields, DowncastError } from '../../core/diagnostics.ts'
import { quotedList, someOf } from '../../core/words.ts'

const otherSignatures = (others: readonly string[]): string =>
  others.length > 0
    ? `Choose another with --signature: ${someOf(others)}.`
    : 'Name numeric tensors of the graph with --inputs and --outputs.'

/** A folder without `saved_model.pb` and `model.json`. */
export function noSavedModel(folder: string, files: readonly string[]): DowncastError {
  const below = files.find((f) => f.endsWith('/saved_model.pb'))?.slice(0, -'/saved_model.pb'.length)
  const meta = files.find((f) => /^[^/]*\.meta$/.test(f))
  const checkpoint = meta && `The graph of a checkpoint is in ${JSON.stringify(meta)}: give that file.`
  return new DowncastError({
    code: 'import/no-saved-model',
    message: `The folder ${JSON.stringify(folder)} holds no model: expected "saved_model.pb", "saved_model.pbtxt" or "model.json", found ${someOf(files)}.`,
    file: folder,
    expected: 'saved_model.pb',
    actual: someOf(files),
    hint: below
      ? `There is one in ${JSON.stringify(`${folder.replace(/\/$/, '')}/${below}`)}: give that folder.`
      : (checkpoint ??
        'Give the folder that tf.saved_model.save or Keras model.export wrote; TensorFlow Serving keeps it under a version number, e.g. model/1.'),
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

export function noSignature(file: string): DowncastError {
  return new DowncastError({
    code: 'import/no-signature',
    message: `${JSON.stringify(file)} has no signature, so nothing says what goes in and what comes out.`,
    file,
    hint: 'Save it with tf.saved_model.save(model, path, signatures=model.call.get_concrete_function(...)) or Keras model.export(path).',
  })
}

/** A variable that only signatures write which are left out. */
export function variableFixed(signatures: readonly string[], variable: string, writers: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/variable-fixed',
    message: `${quotedList(signatures)} reads the variable ${JSON.stringify(variable)}, which only ${quotedList(writers)} writes; without that it keeps its saved value.`,
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
      ? `it takes strings (${quotedList(inputs)}), such as serialized tf.Examples, which LiteRT cannot parse`
      : `of the tf.Examples that it takes (${quotedList(inputs)}) only dense numbers can become inputs, and it needs ${features.slice(0, 12).join(', ')}`
  return {
    code: 'import/string-inputs',
    message: `The signature ${JSON.stringify(signature)} of ${JSON.stringify(file)} cannot be converted: ${what}.`,
    file,
    tensor: inputs[0],
    hint: otherSignatures(others),
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
  const verdict = isLeftOut
    ? `is converted without ${quotedList(outputs)}:`
    : `cannot be converted: it gives only ${quotedList(outputs)}, and`
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
    message: `${JSON.stringify(file)} is the graph of a training checkpoint, which does not say what it is to compute; no other node uses ${someOf(candidates)}${mayTrain}.`,
    file,
    hint: 'Name the tensors to compute with --outputs, and with --constant what a switch of training is, such as --constant is_training=false.',
  })
}
