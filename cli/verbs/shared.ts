/** How stored values become the model's inputs; the same record for run, compare and deploy. */
export const preprocessOption = {
  kind: 'text',
  value: 'mean=M,std=S,...',
  help: 'real = (x - mean) / std; a value for each channel as 1:2:3; also size=HxW, color=gray|rgb|bgr|rgba, layout',
} as const

/** The same where a model may have several inputs. */
export const preprocessingOption = {
  kind: 'texts',
  value: '[NAME:]mean=M,std=S,...',
  help:
    'real = (x - mean) / std; a value for each channel as 1:2:3; also size=HxW, filter=bilinear|nearest|bicubic|area, crop=HxW, ' +
    'color=gray|rgb|bgr|rgba, layout=nhwc|nchw, dtype=uint8 to round scaled pixels',
} as const

/** How samples are run through the float model. */
export const calibrationOptions = {
  preprocess: { ...preprocessingOption, group: 'Calibration' },
  'max-samples': { kind: 'number', value: 'N', min: 1, help: 'stop after this many samples', group: 'Calibration' },
  jobs: { kind: 'number', value: 'N', min: 1, help: 'threads that run samples; default: one for each processor', group: 'Calibration' },
  'skip-bad': { kind: 'flag', help: 'go on without samples that cannot be read or do not fit, and count them', group: 'Calibration' },
} as const

/** Which part of a model is meant, and in which shape. */
export const modelOptions = {
  signature: { kind: 'words', value: 'KEY,...', help: 'convert these signatures only; default: all', group: 'Model' },
  tags: { kind: 'words', value: 'TAG,...', help: 'MetaGraph of a SavedModel; default serve', group: 'Model' },
  inputs: { kind: 'words', value: 'TENSOR,...', help: 'tensors of the graph that become the inputs', group: 'Model' },
  outputs: { kind: 'words', value: 'TENSOR,...', help: 'tensors of the graph to compute', group: 'Model' },
  constant: {
    kind: 'texts',
    value: 'NAME=VALUE',
    help: 'make an input of a graph a constant, true, false or a number, such as is_training=false',
    group: 'Model',
  },
  shape: {
    kind: 'texts',
    value: 'NAME=1,28,28,1',
    help: 'fix the shape of an input; -1 leaves a size open, NAME=[] is a single number',
    group: 'Model',
  },
} as const

/** Which ops may stay as they are. */
export const keepOptions = {
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
} as const

/** What happens to the float model before it is calibrated. */
export const equalizeOption = {
  equalize: {
    kind: 'flag',
    help: 'level the ranges of the weights of neighbouring ops first (cross-layer equalization); the float model stays the same but for rounding',
    group: 'Quantization',
  },
} as const
