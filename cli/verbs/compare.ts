import { defineVerb } from '../verb.ts'
import { preprocessingOption } from './shared.ts'

export const compareOptions = {
  data: {
    kind: 'text',
    value: 'DATA',
    required: true,
    help: 'IDX file or folder, folder of pictures by class, .npy, .npz, .tar, .csv or .jsonl',
  },
  labels: { kind: 'text', value: 'FILE', help: 'class numbers of the samples, where the data has none beside it' },
  output: { kind: 'text', short: 'o', value: 'PAGE.html', help: 'write a page that shows the samples that flipped' },
  preprocess: preprocessingOption,
  signature: { kind: 'text', value: 'KEY', help: 'signature to compare; default: the first' },
  'max-samples': { kind: 'number', value: 'N', min: 1, help: 'stop after this many samples' },
  'max-flips': { kind: 'number', value: 'N', min: 0, default: 200, help: 'flipped samples kept for each model; all are counted' },
  'no-latency': { kind: 'flag', help: 'do not measure the time of an inference' },
} as const

export const compareVerb = defineVerb({
  name: 'compare',
  summary: 'run models side by side: size, latency, accuracy, agreement, and the samples that flipped',
  arguments: [
    { name: 'FLOAT', help: '.tflite file that the others are measured against' },
    { name: 'QUANT', help: '.tflite files', isVariadic: true },
  ],
  options: compareOptions,
  examples: [
    'compare float.tflite small.tflite --data digits/ --preprocess mean=0,std=255',
    'compare float.tflite small.tflite --data test.npz -o compare.html',
  ],
  load: async () => (await import('../commands/compare.ts')).compareCommand,
})
