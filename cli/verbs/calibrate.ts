import { defineVerb } from '../verb.ts'
import { calibrationOptions, equalizeOption, modelOptions } from './shared.ts'

export const calibrateOptions = {
  data: {
    kind: 'texts',
    value: '[NAME=]DATA',
    help: 'folder of pictures, tar, IDX, .npy, .npz, CSV or JSON lines; one for each input by its name, or one for all',
  },
  output: { kind: 'text', short: 'o', value: 'CALIB.json', help: 'file to write; an existing one is replaced' },
  ...calibrationOptions,
  ...equalizeOption,
  ...modelOptions,
} as const

export const calibrateVerb = defineVerb({
  name: 'calibrate',
  summary: 'find the range of every activation by running samples, for the int modes of convert',
  arguments: [{ name: 'MODEL', help: 'what convert takes; of a .tflite file, a float one' }],
  options: calibrateOptions,
  examples: [
    'calibrate saved/1 --data digits/ --preprocess mean=0,std=255 -o calib.json',
    'calibrate model.keras --data test.npz --preprocess std=255 --max-samples 100 -o calib.json',
  ],
  load: async () => (await import('../commands/calibrate.ts')).calibrateCommand,
})
