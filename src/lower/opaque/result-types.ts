import type { DType } from '../../core/dtype.ts'
import type { Dim, Shape } from '../../core/shape.ts'
import type { SourceNode } from '../../import/source-graph.ts'
import type { TensorType, Value } from '../../ir/types.ts'
import { opOutputs } from '../../schema/tensorflow/op-outputs.ts'

/** What is said of a tensor from outside its op: by the signature or by the user. */
export interface StatedType {
  readonly dtype: DType | undefined
  /** An unknown size is any string. */
  readonly shape: Shape | undefined
}

/** Ops of one result with the shape of the first operand; several operands are broadcast. */
const elementwise = new Set(
  `Digamma Lgamma Erfinv Ndtri Erfc Invert BesselI0 BesselI1 BesselI0e BesselI1e Acos Acosh Asin Asinh Atan Atanh Tan Sinh Cosh IsNan IsInf
  IsFinite Conj Angle Real Imag StringLower StringUpper StringStrip StringLength AsString StringToNumber StringToHashBucketFast
  RegexReplace RegexFullMatch StaticRegexReplace StaticRegexFullMatch Cumprod FFT IFFT Cholesky MatrixInverse PopulationCount Dequantize
  Dawsn Expint FresnelCos FresnelSin Spence Igamma Igammac Zeta Polygamma NextAfter Atan2 BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift Mod TruncateMod TruncateDiv FloorDiv
  FloorMod Complex ApproximateEqual Xdivy Xlogy Xlog1py DivNoNan MulNoNan RealDiv Add AddV2 Sub Mul Maximum Minimum`
    .trim()
    .split(/\s+/),
)
const boolean = new Set(['IsNan', 'IsInf', 'IsFinite', 'ApproximateEqual', 'RegexFullMatch', 'StaticRegexFullMatch'])
/** Attributes that state the types of the results, in the order they are believed. */
const typeAttributes = ['output_types', 'Toutputs', 'output_dtypes', 'Tout', 'out_type', 'output_dtype', 'dtype', 'DstT', 'type', 'T']

/**
 * Types of the results of an op that is kept as it is. Element types come from `stated`, what the user says; the file's definition of
 * the op; `signature`; or its own attributes (`T` for one result). Shapes come from `stated`, the op's kind, `signature`, or the
 * `_output_shapes` that TensorFlow notes. A size that stays unknown is a dim of its own. Gives the number of the first result of which
 * the type or the rank is not known when there is one.
 */
export function resultTypes(
  node: SourceNode,
  operands: readonly Value[],
  stated: (output: number) => StatedType | undefined,
  signature: (output: number) => StatedType | undefined,
): readonly TensorType[] | number {
  const defined = node.resultTypes?.()
  const own = dtypesOf(node)
  const noted = node.attrs.get('_output_shapes')
  const shapes = noted?.kind === 'shapes' ? noted.value : []
  const count = defined?.length ?? own?.length ?? Math.max(1, shapes.length, opOutputs.get(node.op)?.length ?? 1)
  const types: TensorType[] = []
  for (let i = 0; i < count; i++) {
    const [said, port] = [stated(i), signature(i)]
    const rule = i === 0 && !said && elementwise.has(node.op) ? broadcast(operands) : undefined
    const dtype = said?.dtype ?? defined?.[i] ?? port?.dtype ?? own?.[i]
    const shape = said?.shape ?? rule ?? port?.shape ?? shapes[i]
    if (!dtype || !shape) return i
    types.push({ dtype, shape: shape.map((d, axis) => (rule || (typeof d === 'number' && d >= 0) ? d : unknownDim(node, i, axis))) })
  }
  return types
}

function dtypesOf(node: SourceNode): readonly (DType | undefined)[] | undefined {
  if (boolean.has(node.op)) return ['bool']
  const names = opOutputs.get(node.op)
  for (const name of typeAttributes) {
    const attr = node.attrs.get(name)
    if (attr?.kind === 'types') return attr.value
    // One type for one result; of several it says nothing.
    if (attr?.kind === 'type') return names ? undefined : [attr.value]
  }
  return undefined
}

/** The common shape; undefined when sizes do not fit or two symbols meet. */
function broadcast(operands: readonly Value[]): Shape | undefined {
  return operands.reduce<Shape | undefined>((a, v) => {
    const b = v.type.shape
    if (!a) return undefined
    const dims: Dim[] = []
    for (let i = 1; i <= Math.max(a.length, b.length); i++) {
      const [x, y] = [a.at(-i) ?? 1, b.at(-i) ?? 1]
      if (x !== y && x !== 1 && y !== 1) return undefined
      dims.unshift(x === 1 ? y : x)
    }
    return dims
  }, [])
}

function unknownDim(node: SourceNode, output: number, axis: number): Dim {
  return `(${node.op}${output}.${axis}@${node.name})`.replace(/[^\w.@()/-]/g, '_').replace(/(?<=.)\((?=.)|(?<=.)\)(?=.)/g, '_')
}
