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
    ['Hashing', 'HashedCrossing', 'StringLookup', 'IntegerLookup', 'TextVectorization'],
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
  ['MultiHeadAttention', attention],
  ['GroupQueryAttention', attention],
  ['GroupedQueryAttention', attention],
  // Of keras.applications' ConvNeXt; other layers of these names have other options.
  ['LayerScale', (c) => (isSet(c, 'projection_dim', false) ? [{ part: '', names: ['gamma'] }] : undefined)],
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
