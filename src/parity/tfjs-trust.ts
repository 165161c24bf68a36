import { type NdArray, sizeOf, toFloat32 } from '../core/nd-array.ts'
import { flag, int, ints, string, typeCode } from '../import/node-attrs.ts'
import type { SourceNode } from '../import/source-graph.ts'

/*
 * What TensorFlow.js 4.22 computes otherwise than TensorFlow: found by comparing both on ops in their attributes, ranks and types
 * (fixtures/oracle/*.zip, all of it recorded by TensorFlow). Own kernels compute these.
 */

type Doubt = (node: SourceNode, operands: readonly NdArray[]) => boolean

/** Whether a node on these operands is one that TensorFlow.js gives TensorFlow's results for. */
export function isTrusted(node: SourceNode, operands: readonly NdArray[]): boolean {
  return !isMisread(node) && !misreadsPairs(node, operands) && !leavesPicture(node) && !distrusted[node.op]?.(node, operands)
}

/** Where it knows complex numbers; other ops read something of them. */
const onComplex = new Set(['ComplexAbs', 'FFT', 'IFFT', 'IRFFT', 'Imag', 'Real', 'Reshape'])
/** These of equal shapes alone: where one broadcasts it counts numbers for pairs. */
const onComplexPairs = new Set(['Add', 'AddV2', 'Mul', 'Sub'])

function misreadsPairs({ op }: SourceNode, operands: readonly NdArray[]): boolean {
  if (!operands.some((o) => o.dtype === 'c64') || onComplex.has(op)) return false
  return !onComplexPairs.has(op) || String(operands[0]?.shape) !== String(operands[1]?.shape)
}

/** Of channels that come first it knows in convolutions alone, and takes their strides and dilations for those of the last. */
function isMisread(node: SourceNode): boolean {
  const a = node.attrs.get('data_format')
  if (a?.kind !== 'string' || !a.value.startsWith('NC')) return false
  const isOne = (name: string) => ints(node, name).every((n) => n === 1)
  return node.op !== 'Conv2D' || !isOne('strides') || !isOne('dilations')
}

/** Windows and steps over the batch or the channels: it reads those between alone. */
function leavesPicture(node: SourceNode): boolean {
  return ['ksize', 'strides', 'dilations', 'rates'].some((name) => {
    const steps = ints(node, name)
    return steps.length > 3 && !(steps[0] === 1 && steps.at(-1) === 1)
  })
}

const isInexact: Doubt = (_, [x]) => x?.dtype !== 'f32'
const isTraining: Doubt = (n) => flag(n, 'is_training')
/** An axis from the end makes it lose the elements; of the flags it mistakes the order. */
const scans: Doubt = (n, [, axis]) => flag(n, 'exclusive') || flag(n, 'reverse') || (first(axis) ?? -1) < 0
/** On sequences out of order, which mean nothing, the results depend on the way of searching. */
const isUnsorted: Doubt = (_, [sequence]) => {
  const values = sequence && toFloat32(sequence)
  const row = sequence?.shape.at(-1) ?? 1
  return !values || values.some((x, i) => i % row > 0 && !(values[i - 1]! <= x))
}
/** Where steps over a volume are longer than the window it takes less than nothing for the padding of SAME. */
const padsLess =
  (windowOf: (node: SourceNode, filter: NdArray | undefined) => readonly number[]): Doubt =>
  (n, [x, filter]) => {
    if (string(n, 'padding') !== 'SAME') return false
    const [window, strides, dilations] = [windowOf(n, filter), ints(n, 'strides'), ints(n, 'dilations')]
    return [0, 1, 2].some((i) => {
      const [size, step] = [x?.shape[i + 1] ?? 0, strides[i + 1] ?? 1]
      const reach = (Math.ceil(size / step) - 1) * step + ((window[i] ?? 1) - 1) * (dilations[i + 1] ?? 1) + 1
      return reach < size
    })
  }
const padsPoolLess = padsLess((n) => ints(n, 'ksize').slice(1))
/** It takes the length that the operand has. */
const isResized =
  (full: (n: number) => number): Doubt =>
  (_, [x, length]) =>
    first(length) !== full(x?.shape.at(-1) ?? 0)

/** It suppresses what overlaps as much as the threshold says, which at 0 are all boxes. */
const suppressesApart: Doubt = (_, operands) => first(operands[3]) === 0

const distrusted: Readonly<Record<string, Doubt>> = Object.assign(Object.create(null), {
  // It takes the statistics it is given, also where they are to be those of the batch.
  FusedBatchNorm: isTraining,
  FusedBatchNormV2: isTraining,
  FusedBatchNormV3: isTraining,
  Conv3D: padsLess((_, filter) => filter?.shape ?? []),
  MaxPool3D: padsPoolLess,
  AvgPool3D: padsPoolLess,
  // Of batch sizes that broadcast it reads the wrong rows.
  BatchMatMulV2: (_, [x, y]) => String(x?.shape.slice(0, -2)) !== String(y?.shape.slice(0, -2)),
  // 1.5e-7 off, which is all of a small result.
  Erf: () => true,
  Cumsum: scans,
  Cumprod: scans,
  // The result is of integers whatever the operands.
  FloorDiv: (_, [x]) => x?.dtype === 'f32',
  // Integers: rounded down where TensorFlow cuts off; means come out as floats.
  Div: isInexact,
  Mean: isInexact,
  // Products of integers beyond 2^53.
  Square: isInexact,
  SquaredDifference: isInexact,
  // It has the sign of the second operand, TensorFlow's that of the first.
  Mod: () => true,
  Cast: (n) => ![1, 3, 9, 10].includes(typeCode(n, 'DstT')),
  // Where an axis is dropped and another taken in steps, the steps are those of the wrong axes.
  StridedSlice: (n, [, , , strides]) =>
    int(n, 'ellipsis_mask') !== 0 || int(n, 'new_axis_mask') !== 0 || (int(n, 'shrink_axis_mask') !== 0 && !areOnes(strides)),
  OneHot: (n) => int(n, 'axis') !== -1,
  // It keeps the whole matrix where the first operand is 0.
  MatrixBandPart: () => true,
  // It passes its operand through.
  FakeQuantWithMinMaxVars: () => true,
  // The bounds are one number each.
  ClipByValue: (_, [, low, high]) => [low, high].some((x) => x !== undefined && sizeOf(x) !== 1),
  // A condition for each row is taken for one of each column.
  Select: (_, [condition, x]) => condition?.shape.length === 1 && x?.shape.length !== 1,
  // Floats in any case.
  ShapeN: () => true,
  DenseBincount: () => true,
  // Nearest pixels are rounded another way.
  CropAndResize: (n) => string(n, 'method') === 'nearest',
  // The fill stands where TensorFlow blends it with the border, and for reflections and repetitions beyond the picture's own size.
  ImageProjectiveTransformV3: () => true,
  NonMaxSuppressionV2: suppressesApart,
  NonMaxSuppressionV3: suppressesApart,
  // It fills up to the number of boxes at most.
  NonMaxSuppressionV4: (n, operands) =>
    suppressesApart(n, operands) || (flag(n, 'pad_to_max_output_size') && (first(operands[2]) ?? 0) > (operands[0]?.shape[0] ?? 0)),
  // With a sigma TensorFlow keeps what overlaps, at a lower score.
  NonMaxSuppressionV5: (n, operands) => suppressesApart(n, operands) || first(operands[5]) !== 0,
  RFFT: isResized((n) => n),
  // A vector comes out as a matrix of one row.
  IRFFT: (n, operands) => operands[0]?.shape.length === 1 || isResized((size) => 2 * (size - 1))(n, operands),
  LowerBound: isUnsorted,
  UpperBound: isUnsorted,
} satisfies Record<string, Doubt>)

function first(x: NdArray | undefined): number | undefined {
  return x && toFloat32(x)?.[0]
}

function areOnes(x: NdArray | undefined): boolean {
  return x !== undefined && (toFloat32(x)?.every((n) => n === 1) ?? false)
}
