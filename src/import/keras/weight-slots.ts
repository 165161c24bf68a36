import { isJsonObject, type Json, type JsonObject, member } from '../../core/json.ts'

/** A weight that a layer has by its configuration. */
export interface WeightSlot {
  /** `kernel`, `cell/recurrent_kernel` */
  readonly name: string
  /** Where a `.keras` file keeps it below the layer: part of the layer (`cell`, or empty for itself), and its number there. */
  readonly part: string
  readonly index: number
  /** False for statistics; legacy HDF5 files list those after all others. */
  readonly isTrainable: boolean
}

type Names = (config: JsonObject) => readonly string[]

const isSet = (config: JsonObject, name: string, otherwise = true): boolean => {
  const value = member(config, name)
  return value === undefined ? otherwise : value !== false && value !== null
}
const none: Names = () => []
const kernelAndBias: Names = (c) => ['kernel', ...(isSet(c, 'use_bias') ? ['bias'] : [])]
const separable: Names = (c) => ['depthwise_kernel', 'pointwise_kernel', ...(isSet(c, 'use_bias') ? ['bias'] : [])]
const scaleAndCenter: Names = (c) => [...(isSet(c, 'scale') ? ['gamma'] : []), ...(isSet(c, 'center') ? ['beta'] : [])]
const optionalScale: Names = (c) => (isSet(c, 'use_scale', false) ? ['scale'] : [])

/** Weights of a layer's own, in the order it makes them. @see https://keras.io/api/layers */
const ownWeights: ReadonlyMap<string, Names> = new Map<string, Names>([
  ...[
    'Dense',
    'Conv1D',
    'Conv2D',
    'Conv3D',
    'Conv1DTranspose',
    'Conv2DTranspose',
    'Conv3DTranspose',
    'DepthwiseConv1D',
    'DepthwiseConv2D',
    'LocallyConnected1D',
    'LocallyConnected2D',
  ].map((name): [string, Names] => [name, kernelAndBias]),
  ['EinsumDense', (c) => ['kernel', ...(isSet(c, 'bias_axes', false) ? ['bias'] : [])]],
  ['SeparableConv1D', separable],
  ['SeparableConv2D', separable],
  ['Embedding', () => ['embeddings']],
  ['BatchNormalization', (c) => [...scaleAndCenter(c), 'moving_mean', 'moving_variance']],
  ['SyncBatchNormalization', (c) => [...scaleAndCenter(c), 'moving_mean', 'moving_variance']],
  ['LayerNormalization', (c) => (isSet(c, 'rms_scaling', false) ? ['gamma'] : scaleAndCenter(c))],
  ['GroupNormalization', scaleAndCenter],
  ['RMSNormalization', () => ['scale']],
  ['Normalization', (c) => (isSet(c, 'mean', false) ? [] : ['mean', 'variance', 'count'])],
  ['ReversibleEmbedding', (c) => ['embeddings', ...(isSet(c, 'tie_weights') ? [] : ['reverse_embeddings'])]],
  ['SpectralNormalization', () => ['vector_u']],
  [
    'STFTSpectrogram',
    (c) =>
      ['real_kernel', 'imag_kernel'].filter(
        (name) => !['real', 'imag'].includes(String(member(c, 'mode'))) || name.startsWith(String(member(c, 'mode'))),
      ),
  ],
  ['PReLU', () => ['alpha']],
  ['Attention', (c) => [...optionalScale(c), ...(member(c, 'score_mode') === 'concat' ? ['concat_score_weight'] : [])]],
  ['AdditiveAttention', (c) => (isSet(c, 'use_scale') ? ['scale'] : [])],
  ...[
    ['InputLayer', 'Activation', 'ReLU', 'LeakyReLU', 'ELU', 'Softmax', 'ThresholdedReLU', 'ActivityRegularization'],
    [
      'Dropout',
      'SpatialDropout1D',
      'SpatialDropout2D',
      'SpatialDropout3D',
      'GaussianDropout',
      'GaussianNoise',
      'AlphaDropout',
      'Masking',
      'Identity',
    ],
    ['Flatten', 'Reshape', 'Permute', 'RepeatVector', 'Cropping1D', 'Cropping2D', 'Cropping3D'],
    ['ZeroPadding1D', 'ZeroPadding2D', 'ZeroPadding3D', 'UpSampling1D', 'UpSampling2D', 'UpSampling3D'],
    ['MaxPooling1D', 'MaxPooling2D', 'MaxPooling3D', 'AveragePooling1D', 'AveragePooling2D', 'AveragePooling3D'],
    ['GlobalMaxPooling1D', 'GlobalMaxPooling2D', 'GlobalMaxPooling3D'],
    ['GlobalAveragePooling1D', 'GlobalAveragePooling2D', 'GlobalAveragePooling3D'],
    ['AdaptiveAveragePooling1D', 'AdaptiveAveragePooling2D', 'AdaptiveAveragePooling3D'],
    ['AdaptiveMaxPooling1D', 'AdaptiveMaxPooling2D', 'AdaptiveMaxPooling3D'],
    ['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot'],
    ['UnitNormalization', 'Rescaling', 'Resizing', 'CenterCrop', 'Discretization', 'CategoryEncoding'],
    [
      'Pipeline',
      'ContrastLimitedAdaptiveHistogramEqualization',
      'MaxNumBoundingBoxes',
      'MelSpectrogram',
      'Hashing',
      'HashedCrossing',
      'StringLookup',
      'IntegerLookup',
      'TextVectorization',
    ],
    ['RandomFlip', 'RandomRotation', 'RandomZoom', 'RandomTranslation', 'RandomContrast', 'RandomBrightness', 'RandomCrop'],
    ['RandomHeight', 'RandomWidth', 'RandomHue', 'RandomSaturation', 'RandomSharpness', 'RandomShear', 'RandomPosterization'],
    ['RandomPerspective', 'RandomInvert', 'RandomGrayscale', 'RandomGaussianBlur', 'RandomErasing', 'RandomElasticTransform'],
    ['RandomColorJitter', 'RandomColorDegeneration', 'AutoContrast', 'AugMix', 'CutMix', 'MixUp', 'RandAugment', 'Equalization'],
    ['Solarization', 'TimeDistributed', 'TFOpLambda', 'SlicingOpLambda', 'TensorFlowOpLayer'],
  ]
    .flat()
    .map((name): [string, Names] => [name, none]),
])
const statistics: ReadonlySet<string> = new Set(['moving_mean', 'moving_variance', 'mean', 'variance', 'count', 'vector_u'])

/** Parts of composed layers that have weights, in the order they are made. */
type Parts = (config: JsonObject) => readonly { readonly part: string; readonly names: readonly string[] }[] | undefined

const recurrent: Parts = (c) => [{ part: 'cell', names: ['kernel', 'recurrent_kernel', ...(isSet(c, 'use_bias') ? ['bias'] : [])] }]
const attention: Parts = (c) =>
  ['query_dense', 'key_dense', ...(isSet(c, 'use_gate', false) ? ['gate_dense'] : []), 'value_dense', 'output_dense'].map((part) => ({
    part,
    names: kernelAndBias(c),
  }))

const parts: ReadonlyMap<string, Parts> = new Map<string, Parts>([
  ...['LSTM', 'GRU', 'SimpleRNN', 'CuDNNLSTM', 'CuDNNGRU', 'ConvLSTM1D', 'ConvLSTM2D', 'ConvLSTM3D'].map((name): [string, Parts] => [
    name,
    recurrent,
  ]),
  ['RNN', (c) => cellSlots(member(c, 'cell'), 'cell')],
  ['MultiHeadAttention', attention],
  ['GroupQueryAttention', attention],
  ['GroupedQueryAttention', attention],
  // Of keras.applications' ConvNeXt and Inception-ResNet; other layers of these names have other options.
  ['LayerScale', (c) => (isSet(c, 'projection_dim', false) ? [{ part: '', names: ['gamma'] }] : undefined)],
  ['CustomScaleLayer', (c) => (typeof member(c, 'scale') === 'number' ? [] : undefined)],
  ['StochasticDepth', (c) => (member(c, 'drop_path_rate') === undefined ? undefined : [])],
  [
    'Bidirectional',
    (c) => {
      const forward = wrapped(c, 'layer', 'forward_layer')
      const backward = wrapped(c, isSet(c, 'backward_layer', false) ? 'backward_layer' : 'layer', 'backward_layer')
      return forward && backward && [...forward, ...backward]
    },
  ],
])

const cellClasses: ReadonlySet<string> = new Set(['LSTMCell', 'GRUCell', 'SimpleRNNCell'])

/** Weights of a cell, or of those in `StackedRNNCells`, which files number by their class. */
function cellSlots(cell: Json | undefined, part: string): ReturnType<Parts> {
  const className = isJsonObject(cell as Json) ? member(cell as JsonObject, 'class_name') : undefined
  const config = isJsonObject(cell as Json) ? member(cell as JsonObject, 'config') : undefined
  if (typeof className !== 'string' || !isJsonObject(config as Json)) return undefined
  if (cellClasses.has(className)) return recurrent(config as JsonObject)!.map(({ names }) => ({ part, names }))
  const list = className === 'StackedRNNCells' ? member(config as JsonObject, 'cells') : undefined
  if (!Array.isArray(list)) return undefined
  const names = cellNames(list as readonly Json[])
  const all = (list as readonly Json[]).map((inner, i) => cellSlots(inner, `${part}/cells/${names[i]}`))
  return all.every((slots) => slots !== undefined) ? all.flat() : undefined
}

/** Names of the cells in a list: `lstm_cell`, `lstm_cell_1`. */
function cellNames(list: readonly Json[]): string[] {
  const counts = new Map<string, number>()
  return list.map((cell) => {
    const className = isJsonObject(cell) ? member(cell, 'class_name') : undefined
    const name = snakeCase(typeof className === 'string' ? className : '')
    const n = counts.get(name) ?? 0
    counts.set(name, n + 1)
    return n === 0 ? name : `${name}_${n}`
  })
}

/** `BatchNormalization` -> `batch_normalization`, `ReLU` -> `re_lu`, `Conv2D` -> `conv2d`, as Keras names groups. */
export function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}

function wrapped(config: JsonObject, member_: string, part: string): ReturnType<Parts> {
  const inner: Json | undefined = member(config, member_)
  const className = isJsonObject(inner) ? member(inner, 'class_name') : undefined
  const innerConfig = isJsonObject(inner) ? member(inner, 'config') : undefined
  if (typeof className !== 'string' || !isJsonObject(innerConfig)) return undefined
  const slots = weightSlots(className, innerConfig)
  if (!slots) return undefined
  const byPart = new Map<string, string[]>()
  for (const slot of slots) {
    const at = slot.part === '' ? part : `${part}/${slot.part}`
    const names = byPart.get(at) ?? []
    names.push(slot.name.slice(slot.name.lastIndexOf('/') + 1))
    byPart.set(at, names)
  }
  return Array.from(byPart, ([at, names]) => ({ part: at, names }))
}

/** The weights a layer of Keras has, in the order it makes them; undefined for a class that is not Keras' own. */
export function weightSlots(className: string, config: JsonObject): readonly WeightSlot[] | undefined {
  if (className.startsWith('keras.ops.')) return []
  const own = ownWeights.get(className)
  const composed = own ? [{ part: '', names: own(config) }] : parts.get(className)?.(config)
  return composed?.flatMap(({ part, names }) =>
    names.map((name, index) => ({ name: part === '' ? name : `${part}/${name}`, part, index, isTrainable: !statistics.has(name) })),
  )
}
