import type { Value } from '../../ir/types.ts'
import { onParts } from '../complex.ts'
import { floatsAsF32 } from '../conversions.ts'
import type { LoweringRegistry } from '../registry.ts'
import { arrays } from './arrays.ts'
import { audio } from './audio.ts'
import { besselFunctions } from './bessel.ts'
import { bits } from './bits.ts'
import { blockRecurrent } from './block-recurrent.ts'
import { colors } from './color.ts'
import { control } from './control.ts'
import { ctcDecoders } from './ctc.ts'
import { cudnnLayers } from './cudnn-rnn.ts'
import { eigenvalueOps } from './eigenvalues.ts'
import { elementwise } from './elementwise.ts'
import { factorizations } from './factorization.ts'
import { fusedOps } from './fused.ts'
import { gammaFunctions } from './gamma.ts'
import { gradients } from './gradients.ts'
import { linear } from './linear.ts'
import { matrices } from './matrix.ts'
import { nn } from './nn.ts'
import { pads } from './pad.ts'
import { pools } from './pool.ts'
import { quantizations } from './quantization.ts'
import { randomOps } from './random.ts'
import { reductions } from './reduce.ts'
import { image } from './resample.ts'
import { scans } from './scan.ts'
import { scatter } from './scatter.ts'
import { search } from './search.ts'
import { segmentOps } from './segments.ts'
import { shape } from './shape.ts'
import { spaceToBatchOps } from './space-to-batch.ts'
import { sparseTensors } from './sparse.ts'
import { special } from './special.ts'
import { withComplex } from './spectra.ts'
import { statelessRandomOps } from './stateless-random.ts'
import { tables } from './tables.ts'
import { tensorLists } from './tensor-list.ts'
import { variableOps } from './variables.ts'
import { warps } from './warp.ts'

/** Results that are f32 whatever the operands, of types of their own, or that the lowering itself casts. */
const f32Results = new Set([
  ...['ResizeBilinear', 'ResizeBicubic', 'ResizeArea', 'ScaleAndTranslate', 'CropAndResize', 'SparseMatMul'],
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3', 'MatrixSolveLs', 'BatchMatrixSolveLs'],
])

/** Ops that take every element type as it is. */
const untyped = [
  'Identity',
  'IdentityN',
  'Print',
  'StopGradient',
  'Snapshot',
  'PlaceholderWithDefault',
  'EnsureShape',
  'PreventGradient',
  'CheckNumerics',
  'CheckNumericsV2',
  'DeepCopy',
] as const
const anyType = [...untyped, 'Cast', 'Bitcast', 'Reshape', 'Squeeze', 'ExpandDims', 'Shape', 'ShapeN', 'Rank', 'Size'] as const
/** Ops that treat both parts of a complex number alike. */
const partwise = [
  ...([
    'Reshape',
    'Squeeze',
    'ExpandDims',
    'Transpose',
    'ConcatV2',
    'Pack',
    'Unpack',
    'Split',
    'Slice',
    'StridedSlice',
    'GatherV2',
  ] as const),
  ...(['Pad', 'Tile', 'BroadcastTo', 'ReverseV2', 'Roll', 'AddV2', 'Add', 'Sub', 'Neg', 'Sum', 'ZerosLike', 'Select', 'SelectV2'] as const),
]

const families: LoweringRegistry = {
  ...elementwise,
  ...special,
  ...besselFunctions,
  ...gammaFunctions,
  ...bits,
  ...shape,
  ...pads,
  ...arrays,
  ...scatter,
  ...segmentOps,
  ...sparseTensors,
  ...search,
  ...ctcDecoders,
  ...matrices,
  ...factorizations,
  ...eigenvalueOps,
  ...reductions,
  ...scans,
  ...linear,
  ...nn,
  ...pools,
  ...gradients,
  ...image,
  ...warps,
  ...spaceToBatchOps,
  ...colors,
  ...quantizations,
  ...randomOps,
  ...statelessRandomOps,
  ...fusedOps,
  ...audio,
  ...blockRecurrent,
  ...cudnnLayers,
  ...tables,
}

const pick = (registry: LoweringRegistry, names: readonly string[]): LoweringRegistry =>
  Object.fromEntries(names.map((name) => [name, registry[name]!]))

const real: LoweringRegistry = { ...floatsAsF32(families, f32Results), ...pick(families, anyType) }
const complex = withComplex(real)

const onBothParts: LoweringRegistry = Object.fromEntries(partwise.map((name) => [name, onParts(complex[name]!)]))

/** Lowerings of TensorFlow ops, one file per family. */
export const tensorflow: LoweringRegistry = Object.assign(
  Object.create(null),
  complex,
  onBothParts,
  { ConjugateTranspose: (n, b) => complex.Conj!(n.with([onBothParts.Transpose!(n, b)].flat() as Value[]), b) } satisfies LoweringRegistry,
  control,
  variableOps(real),
  tensorLists,
)
