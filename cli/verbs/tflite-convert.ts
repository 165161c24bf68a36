import { defineVerb } from '../verb.ts'

const examples = [
  'tflite_convert --saved_model_dir=saved/1 --output_file=model.tflite',
  'tflite_convert --graph frozen.pb --input_arrays image --output_arrays probabilities --output_file cut.tflite',
  'tflite_convert --saved_model_dir saved/1 --post_training_quantize --output_file small.tflite -- --no-check',
]

export const tfliteConvertVerb = defineVerb({
  name: 'tflite_convert',
  summary: "TensorFlow's command of that name, with its flags of TensorFlow 1 and 2",
  arguments: [{ name: 'FLAG', help: 'flags of tflite_convert; after -- options of downcast convert', isVariadic: true }],
  options: {},
  examples,
  foreignHelp: async () => (await import('../tflite-convert/help.ts')).tfliteConvertHelp(examples),
  load: async () => (await import('../commands/tflite-convert.ts')).tfliteConvertCommand,
})
