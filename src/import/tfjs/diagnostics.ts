import { type DiagnosticFields, DowncastError } from '../../core/diagnostics.ts'

/** JSON that is not what TensorFlow.js writes. `path` is the place in it: `weightsManifest[0].weights[3].shape`. */
export function badModelJson(file: string, path: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'import/tfjs-json',
    message: `The TensorFlow.js model ${JSON.stringify(file)} is not understood at ${path || 'its root'}: expected ${expected}, found ${actual}.`,
    file,
    path,
    expected,
    actual,
    hint:
      expected === 'JSON'
        ? 'The file is damaged or incomplete: copy or download it again.'
        : 'Convert or save the model again; a file that TensorFlow.js loads and downcast does not is a bug worth reporting.',
  })
}

/** JSON of TensorFlow.js that holds no model: weights alone, or their manifest. */
export function noTopology(file: string, found: readonly string[]): DowncastError {
  const actual = found.slice(0, 8).map((n) => JSON.stringify(n))
  return new DowncastError({
    code: 'import/tfjs-no-topology',
    message: `${JSON.stringify(file)} is JSON that holds no TensorFlow.js model: expected the member "modelTopology", found ${actual.join(', ') || 'none'}.`,
    file,
    expected: 'modelTopology',
    actual: actual.join(', ') || 'none',
    hint: 'Give the model.json that tensorflowjs_converter or model.save wrote.',
  })
}

/** The weights of a model.json that came without the folder it lies in. */
export function noShardFolder(file: string): DowncastError {
  return new DowncastError({
    code: 'import/tfjs-no-folder',
    message: `The weights of ${JSON.stringify(file)} are in files beside it, which were not given.`,
    file,
    hint: 'Give the folder that holds model.json and the weight files.',
  })
}

export function shardNotFound(folder: string, shard: string): DiagnosticFields {
  return {
    code: 'import/tfjs-shard-missing',
    message: `${JSON.stringify(folder)} lacks the weight file ${JSON.stringify(shard)}, which its model.json names.`,
    file: folder,
    expected: shard,
    hint: 'Copy or download every file that model.json names, and keep their names.',
  }
}

/** Weight files of a group that end before its weights do. */
export function shardsTooShort(shards: readonly string[], weight: string, end: number, byteLength: number): DowncastError {
  const files = shards.length === 1 ? JSON.stringify(shards[0]) : `The ${shards.length} files from ${JSON.stringify(shards[0] ?? '')} on`
  return new DowncastError({
    code: 'import/tfjs-shard-too-short',
    message: `${files} ${shards.length === 1 ? 'is' : 'are'} cut short: the weight ${JSON.stringify(weight)} ends at byte ${end}, the data at ${byteLength}.`,
    file: shards.at(-1),
    tensor: weight,
    offset: byteLength,
    expected: `${end} bytes`,
    actual: `${byteLength}`,
    hint: 'The files are damaged or belong to another model.json: copy or download all of them again.',
  })
}

/** Warning: bytes after the last weight of a group, a sign of files that do not belong together. */
export function bytesLeftOver(shard: string, end: number, byteLength: number): DiagnosticFields {
  return {
    code: 'import/tfjs-bytes-left',
    message: `The weights end at byte ${end}, their files at ${byteLength}: ${byteLength - end} bytes up to the end of ${JSON.stringify(shard)} are not used.`,
    file: shard,
    expected: `${end} bytes`,
    actual: `${byteLength}`,
    hint: 'If results are wrong, the weight files belong to another model.json.',
  }
}

export function duplicateWeight(file: string, weight: string): DowncastError {
  return new DowncastError({
    code: 'import/tfjs-duplicate-weight',
    message: `${JSON.stringify(file)} lists the weight ${JSON.stringify(weight)} twice.`,
    file,
    tensor: weight,
    hint: 'Convert the model again; names of weights must be unique.',
  })
}

/** A constant of the graph whose value is in no weight file. */
export function constantMissing(file: string, node: string): DowncastError {
  return new DowncastError({
    code: 'import/tfjs-constant-missing',
    message: `The weights of ${JSON.stringify(file)} have no value for the constant ${JSON.stringify(node)}.`,
    file,
    node,
    hint: 'The model.json is incomplete: convert the model again.',
  })
}

/** A constant whose weight has another type or shape than its node. */
export function constantMismatch(file: string, node: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'import/tfjs-constant-mismatch',
    message: `The weight of the constant ${JSON.stringify(node)} in ${JSON.stringify(file)} does not fit its node: expected ${expected}, found ${actual}.`,
    file,
    node,
    expected,
    actual,
    hint: 'The model.json is inconsistent: convert the model again.',
  })
}

/** An input of a graph model that the initializer fills with a hash table. */
export function tableInput(file: string, input: string): DiagnosticFields {
  return {
    code: 'import/tfjs-table',
    message: `The model in ${JSON.stringify(file)} looks words up in the hash table ${JSON.stringify(input)}, which its initializer fills. Tables cannot be imported.`,
    file,
    tensor: input,
    hint: 'Save a signature that takes the indices, and look words up before calling the model.',
  }
}

/** Information: weights that the file has in fewer bits. */
export function roundedWeights(file: string, storedBytes: number, bytes: number): DiagnosticFields {
  const [few, many] = [storedBytes, bytes].map((n) => n.toLocaleString('en-US'))
  return {
    code: 'import/tfjs-rounded-weights',
    message: `${JSON.stringify(file)} stores weights of ${many} bytes rounded to 8 or 16 bits, in ${few} bytes. They are read as float32.`,
    file,
    hint: '--quantize dynamic or --quantize float16 stores them in as few bytes again.',
  }
}
