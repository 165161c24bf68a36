/*
 * The flags of TensorFlow's `tflite_convert`, of TensorFlow 1.15 and of 2.21 with both of its converters, as data.
 * @see https://www.tensorflow.org/lite/r1/convert/cmdline_reference and tensorflow/lite/python/tflite_convert.py
 */

/** `switch` is true when it is there; `boolean` takes true or false or nothing; numbers and choices are checked. */
type Kind = 'text' | 'number' | 'switch' | 'boolean' | 'choice'

interface Flag {
  readonly kind: Kind
  /** What stands for the value in the help. */
  readonly value?: string
  readonly choices?: readonly string[]
  /** Commands that have it: `v1` is TensorFlow 1 and `--enable_v1_converter`. */
  readonly of: 'v1' | 'v2' | 'both'
  /** Another name of this flag. */
  readonly alias?: string
  readonly help: string
}

export const tfliteConvertFlags = {
  output_file: { kind: 'text', value: 'FILE', of: 'both', help: 'file to write' },
  graph_def_file: { kind: 'text', value: 'FILE', of: 'v1', help: 'frozen GraphDef, .pb or .pbtxt' },
  saved_model_dir: { kind: 'text', value: 'DIR', of: 'both', help: 'folder of a SavedModel' },
  keras_model_file: { kind: 'text', value: 'FILE', of: 'both', help: 'Keras model, .h5 or .keras' },
  saved_model_tag_set: { kind: 'text', value: 'TAG,...', of: 'both', help: 'tags of the MetaGraph; default serve' },
  saved_model_signature_key: {
    kind: 'text',
    value: 'KEY',
    of: 'both',
    help: 'signature to convert; several, by commas, without flags of v1',
  },
  input_arrays: { kind: 'text', value: 'NAME,...', of: 'v1', help: 'tensors that become the inputs' },
  input_shapes: { kind: 'text', value: '1,8,8,3:1,10', of: 'v1', help: 'shapes of --input_arrays, divided by colons' },
  output_arrays: { kind: 'text', value: 'NAME,...', of: 'v1', help: 'tensors to compute' },
  output_format: {
    kind: 'choice',
    choices: ['TFLITE', 'GRAPHVIZ_DOT'],
    of: 'v1',
    help: 'a model, or its graph in the DOT language as downcast graph draws it',
  },
  inference_type: {
    kind: 'choice',
    choices: ['FLOAT', 'INT8', 'UINT8', 'QUANTIZED_UINT8'],
    of: 'v1',
    help: 'type of the numbers in the model; default FLOAT',
  },
  inference_input_type: {
    kind: 'choice',
    choices: ['FLOAT', 'INT8', 'UINT8', 'QUANTIZED_UINT8'],
    of: 'v1',
    help: 'type of the inputs, where it is another one',
  },
  mean_values: { kind: 'text', value: 'M,...', of: 'v1', help: 'of each quantized input: real = (stored - mean) / std' },
  std_dev_values: { kind: 'text', value: 'S,...', of: 'v1', help: 'of each quantized input: real = (stored - mean) / std' },
  default_ranges_min: {
    kind: 'number',
    value: 'X',
    of: 'v1',
    help: 'range of activations that have none, to try the speed; not for accuracy',
  },
  default_ranges_max: { kind: 'number', value: 'X', of: 'v1', help: 'the other end of that range' },
  post_training_quantize: { kind: 'switch', of: 'v1', help: 'store weights as int8 (--quantize dynamic)' },
  quantize_weights: { kind: 'switch', of: 'v1', alias: 'post_training_quantize', help: 'the old name of --post_training_quantize' },
  quantize_to_float16: { kind: 'switch', of: 'v1', help: 'with --post_training_quantize: store weights as float16' },
  drop_control_dependency: { kind: 'switch', of: 'v1', help: 'no effect: control dependencies are always dropped' },
  reorder_across_fake_quant: { kind: 'switch', of: 'v1', help: 'no effect: FakeQuant is read wherever it stands' },
  change_concat_input_ranges: { kind: 'choice', choices: ['TRUE', 'FALSE'], of: 'v1', help: 'no effect: as in TensorFlow 2' },
  allow_custom_ops: { kind: 'boolean', of: 'v1', help: 'keep ops without LiteRT operators as custom ops' },
  custom_opdefs: { kind: 'text', value: 'OPDEF,...', of: 'v1', help: 'no effect: ops of your own need no definition' },
  target_ops: {
    kind: 'text',
    value: 'SET,...',
    of: 'v1',
    help: 'TFLITE_BUILTINS, TFLITE_BUILTINS_INT8, SELECT_TF_OPS, EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8',
  },
  experimental_select_user_tf_ops: { kind: 'text', value: 'OP,...', of: 'v1', help: 'ops of your own that may stay TensorFlow ops' },
  dump_graphviz_dir: { kind: 'text', value: 'DIR', of: 'v1', help: 'write the graph as DOT after each pass that changed it' },
  dump_graphviz_video: { kind: 'switch', of: 'v1', help: 'no effect: --dump_graphviz_dir writes all passes' },
  conversion_summary_dir: { kind: 'text', value: 'DIR', of: 'v1', help: 'write the report of the model there, report.html' },
  enable_v1_converter: { kind: 'switch', of: 'v2', help: 'flags of v1; giving one is enough' },
  experimental_new_converter: { kind: 'boolean', of: 'both', help: 'no effect: there is one converter' },
  experimental_new_quantizer: { kind: 'boolean', of: 'both', help: 'no effect: there is one quantizer' },
} as const satisfies Readonly<Record<string, Flag>>

export type FlagName = keyof typeof tfliteConvertFlags
export const flagNames = Object.keys(tfliteConvertFlags) as readonly FlagName[]
export const flagOf = (name: FlagName): Flag => tfliteConvertFlags[name]

/** Flags of the older `toco`, and what they are called now. */
export const formerNames: Readonly<Record<string, FlagName>> = {
  input_file: 'graph_def_file',
  savedmodel_directory: 'saved_model_dir',
  savedmodel_tagset: 'saved_model_tag_set',
  std_value: 'std_dev_values',
  std_values: 'std_dev_values',
  batch_size: 'input_shapes',
  dump_graphviz: 'dump_graphviz_dir',
}
