import { quantizeModes } from '../../src/quantize/types.ts'
import { defineVerb } from '../verb.ts'

export const convertOptions = {
  output: { kind: 'text', short: 'o', value: 'OUT.tflite', help: 'file to write; an existing one is replaced' },
  quantize: {
    kind: 'choice',
    choices: quantizeModes,
    default: 'none',
    planned: ['int8', 'int8-only', 'int16x8', 'weight-only-int8', 'weight-only-int4', 'dynamic-int4'],
    help: 'how weights are stored',
    group: 'Quantization',
  },
  'min-elements': {
    kind: 'number',
    value: 'N',
    min: 0,
    default: 1024,
    help: 'weights with fewer elements stay float in dynamic',
    group: 'Quantization',
  },
  'per-tensor': { kind: 'flag', help: 'one scale for a whole weight instead of one per channel', group: 'Quantization' },
  'keep-float': { kind: 'texts', value: 'PATTERN', help: 'layers or tensors that stay float; * is any text', group: 'Quantization' },
  signature: { kind: 'text', value: 'KEY', help: 'convert this signature only; default: all', group: 'Model' },
  tags: { kind: 'words', value: 'TAG,...', help: 'MetaGraph of a SavedModel; default serve', group: 'Model' },
  shape: { kind: 'texts', value: 'NAME=1,28,28,1', help: 'fix the shape of an input', group: 'Model' },
  'allow-custom': {
    kind: 'words',
    value: 'OP,...',
    help: 'keep these TensorFlow ops, where they have no LiteRT operators, as custom ops that your app provides',
    group: 'Model',
  },
  'allow-flex': {
    kind: 'words',
    value: 'OP,...',
    help: 'keep these as ops that TensorFlow runs; the file then needs the Flex delegate',
    group: 'Model',
  },
  'result-type': {
    kind: 'texts',
    value: 'LAYER=f32[1,10]',
    help: 'type of what a kept op gives, where the model does not say it; -1 for a size that varies, LAYER:1 for the second result',
    group: 'Model',
  },
  plan: { kind: 'flag', help: 'show what would be done with each tensor and why; write nothing', group: 'Looking inside' },
  'print-ir-after': {
    kind: 'text',
    value: 'REGEX',
    help: 'print the graph to stderr after the passes whose names match',
    group: 'Looking inside',
  },
} as const

export const convertVerb = defineVerb({
  name: 'convert',
  summary: 'turn a trained model into a .tflite file, quantized if asked for',
  arguments: [{ name: 'MODEL', help: 'SavedModel folder, Keras .h5 or .keras file; the format is found from the bytes' }],
  options: convertOptions,
  examples: [
    'convert saved/1 -o model.tflite',
    'convert saved/1 --quantize dynamic -o small.tflite',
    'convert saved/1 --quantize dynamic --plan',
    "convert model.keras --quantize dynamic --keep-float 'dense_1' -o small.tflite",
  ],
  load: async () => (await import('../commands/convert.ts')).convertCommand,
})
