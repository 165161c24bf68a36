import { defineVerb } from '../verb.ts'
import { preprocessingOption } from './shared.ts'

export const runOptions = {
  input: {
    kind: 'texts',
    short: 'i',
    value: '[NAME=]FILE',
    help: '.npy, .npz, .tar, .csv, .jsonl, png, jpg, IDX file or folder; the name may be left out when there is one input',
  },
  output: { kind: 'text', short: 'o', value: 'OUT.npz', help: 'write the outputs; default: the top classes as a table' },
  preprocess: preprocessingOption,
  signature: { kind: 'text', value: 'KEY', help: 'signature to run; default: the first' },
  top: { kind: 'number', value: 'N', min: 1, default: 3, help: 'classes shown for each sample' },
  'max-samples': { kind: 'number', value: 'N', min: 1, help: 'stop after this many samples' },
} as const

export const runVerb = defineVerb({
  name: 'run',
  summary: 'run a model with LiteRT on data from files',
  arguments: [{ name: 'MODEL', help: '.tflite file' }],
  options: runOptions,
  examples: ['run model.tflite --input digit.png --preprocess mean=0,std=255', 'run model.tflite --input x.npy -o out.npz'],
  load: async () => (await import('../commands/run.ts')).runCommand,
})
