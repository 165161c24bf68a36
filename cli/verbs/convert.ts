import { quantizeModes } from '../../src/quantize/types.ts'
import { plainAlgorithms } from '../../src/quantize/weights/scheme.ts'
import { defineVerb } from '../verb.ts'
import { calibrationOptions, equalizeOption, keepOptions, modelOptions } from './shared.ts'

export const convertOptions = {
  output: { kind: 'text', short: 'o', value: 'OUT.tflite', help: 'file to write; an existing one is replaced' },
  quantize: {
    kind: 'choice',
    choices: quantizeModes,
    default: 'none',
    help: 'how weights are stored, and in the int modes activations too',
    group: 'Quantization',
  },
  calibration: {
    kind: 'texts',
    value: '[NAME=]DATA|CALIB.json',
    help: 'samples to run now, as in calibrate, or for ranges in the int modes the file that it wrote',
    group: 'Calibration',
  },
  estimator: {
    kind: 'text',
    value: 'NAME',
    help: 'ranges of what was seen: min-max (default), moving-average, percentile:99.999, entropy, mse, octav',
    group: 'Calibration',
  },
  ...calibrationOptions,
  recipe: {
    kind: 'text',
    value: 'NAME|FILE.json',
    help: 'rules for each op in place of one mode: a published name (downcast recipes lists them) or a file',
    group: 'Quantization',
  },
  'min-elements': {
    kind: 'number',
    value: 'N',
    min: 0,
    help: 'weights with fewer elements stay float; default 1024 in dynamic, 0 in the other modes that store weights alone',
    group: 'Quantization',
  },
  'per-tensor': { kind: 'flag', help: 'one scale for a whole weight instead of one per channel', group: 'Quantization' },
  'block-size': {
    kind: 'choice',
    choices: ['none', '32', '64', '128', '256'],
    default: 'none',
    help: 'elements of a row that share a scale, in dynamic-int4 and the weight-only modes',
    group: 'Quantization',
  },
  'weights-algorithm': {
    kind: 'choice',
    choices: plainAlgorithms,
    default: 'min-max',
    help: 'how scales of weights are chosen in the modes that store weights alone; recover finds those by which integers were multiplied already, as training with quantization leaves them; gptq and adaround choose integers by samples (--calibration), in the int modes too; oscar scales the channels that fully connected layers read by samples, for which it adds a MUL',
    group: 'Quantization',
  },
  'bias-correction': {
    kind: 'flag',
    help: 'take from biases by what the errors of weights move the mean of results, over the samples of --calibration',
    group: 'Quantization',
  },
  asymmetric: { kind: 'flag', help: 'a zero point for each scale in the weight-only modes', group: 'Quantization' },
  io: {
    kind: 'texts',
    value: '[NAME=]TYPE',
    help: 'type of inputs and outputs in the int modes: float32, int8, uint8 or int16; of all, or of the one named',
    group: 'Quantization',
  },
  'input-stats': {
    kind: 'texts',
    value: '[NAME=]MEAN,STD',
    help: 'stored inputs of uint8 and int8 are real * STD + MEAN; of all that is float, or of the one named',
    group: 'Quantization',
  },
  'default-ranges': {
    kind: 'text',
    value: 'MIN,MAX',
    help: 'in uint8 and int8, of activations that have no range: to try the speed, not for accuracy',
    group: 'Quantization',
  },
  'int16-bias': {
    kind: 'choice',
    choices: ['int64', 'int32'],
    default: 'int64',
    help: 'type of biases in int16x8',
    group: 'Quantization',
  },
  ...equalizeOption,
  'keep-float': { kind: 'texts', value: 'PATTERN', help: 'layers or tensors that stay float; * is any text', group: 'Quantization' },
  ...modelOptions,
  ...keepOptions,
  'fold-limit': {
    kind: 'bytes',
    value: 'BYTES',
    help: 'bytes that computing one op on constants ahead may add to the file, beyond twice its operands; default 64K',
    group: 'Optimization',
  },
  explain: {
    kind: 'text',
    value: 'RULE',
    help: 'tell what a rule of the optimizer changed, and where it could not',
    group: 'Looking inside',
  },
  'no-check': { kind: 'flag', help: 'do not run the written model and compare it with its source', group: 'Looking inside' },
  'check-seconds': {
    kind: 'number',
    value: 'N',
    min: 0,
    default: 20,
    help: 'what one run of the source may take in that comparison, as far as can be told before; what takes longer is not run',
    group: 'Looking inside',
  },
  plan: { kind: 'flag', help: 'show what would be done with each tensor and why; write nothing', group: 'Looking inside' },
  'print-ir-after': {
    kind: 'text',
    value: 'REGEX',
    help: 'print the graph to stderr after the passes whose names match',
    group: 'Looking inside',
  },
  trace: { kind: 'text', value: 'DIR', help: 'write the graph after each pass that changed it', group: 'Looking inside' },
  'trace-as': { kind: 'choice', choices: ['text', 'dot'], default: 'text', help: 'how --trace writes it', group: 'Looking inside' },
} as const

export const convertVerb = defineVerb({
  name: 'convert',
  summary: 'turn a trained model into a .tflite file, quantized if asked for',
  arguments: [
    {
      name: 'MODEL',
      help: 'SavedModel folder, GraphDef .pb or .pbtxt, checkpoint .meta, Keras .h5 or .keras, TensorFlow.js model.json, .tflite; the format is found from the bytes',
    },
  ],
  options: convertOptions,
  examples: [
    'convert saved/1 -o model.tflite',
    'convert saved/1 --quantize dynamic -o small.tflite',
    'convert saved/1 --quantize dynamic --plan',
    'convert model.tflite --recipe dynamic_wi4_afp32 -o small.tflite',
    'convert frozen.pb --inputs image --outputs probabilities --shape image=1,8,8,1 -o cut.tflite',
    'convert model.tflite --quantize float16 -o half.tflite',
    'convert saved/1 --quantize int8 --calibration digits/ --preprocess mean=0,std=255 -o int8.tflite',
    'convert saved/1 --quantize dynamic-int4 --calibration digits --bias-correction -o int4.tflite',
    "convert model.keras --quantize dynamic --keep-float 'dense_1' -o small.tflite",
  ],
  load: async () => (await import('../commands/convert.ts')).convertCommand,
})
