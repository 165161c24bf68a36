import { bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import type { SourceAttr, SourceNode } from '../import/source-graph.ts'
import type { NodeEvaluator } from './node-evaluator.ts'
import { type Contraction, contract, contractionOf } from './tfjs-einsum.ts'
import { isTrusted } from './tfjs-trust.ts'
import { convolutionByProducts, isConvolutionByProducts } from './tfjs-volumes.ts'

/** The part of TensorFlow.js that is used here. @see https://js.tensorflow.org/api/latest/ */
export interface TfJs {
  readonly version: string
  /** Makes a backend the current one; both are ready. */
  use(backend: 'wasm' | 'cpu'): Promise<unknown>
  readonly core: TfJsCore
  readonly loadGraphModel: (handler: { load(): unknown }) => TfJsModel
}

type Steps = readonly [number, number]

export interface TfJsCore {
  tensor(values: Float32Array | Int32Array | Uint8Array, shape: number[], dtype: string): TfJsTensor
  complex(real: TfJsTensor, imaginary: TfJsTensor): TfJsTensor
  real(x: TfJsTensor): TfJsTensor
  imag(x: TfJsTensor): TfJsTensor
  reshape(x: TfJsTensor, shape: number[]): TfJsTensor
  transpose(x: TfJsTensor, order: number[]): TfJsTensor
  matMul(x: TfJsTensor, y: TfJsTensor, transposeX?: boolean, transposeY?: boolean): TfJsTensor
  conv2d(x: TfJsTensor, filter: TfJsTensor, strides: Steps, padding: string, format: string, dilations: Steps): TfJsTensor
  depthwiseConv2d(x: TfJsTensor, filter: TfJsTensor, strides: Steps, padding: string, format: string, dilations: Steps): TfJsTensor
  dispose(tensors: TfJsTensor[]): void
  engine(): { startScope(): void; endScope(): void }
}

export interface TfJsTensor {
  readonly dtype: string
  readonly shape: number[]
  dataSync(): Float32Array | Int32Array | Uint8Array | string[]
}

interface TfJsModel {
  execute(inputs: Record<string, TfJsTensor>, outputs: string[]): TfJsTensor | TfJsTensor[]
  executeAsync(inputs: Record<string, TfJsTensor>, outputs: string[]): Promise<TfJsTensor | TfJsTensor[]>
  dispose(): void
}

/** Starts TensorFlow.js, about 0.2 s. */
export type TfJsLoader = () => Promise<TfJs>

/** Ops whose results have sizes that depend on values; TensorFlow.js runs them asynchronously. */
const dynamic = /^(Where|NonMaxSuppressionV\d|ListDiff)$/

/** The sums of products that the WebAssembly backend is started for; it is 20 times as fast. Its other kernels are not used. */
const products: ReadonlySet<string> = new Set(
  'Conv2D _FusedConv2D DepthwiseConv2dNative FusedDepthwiseConv2dNative MatMul _FusedMatMul BatchMatMulV2 Einsum'.split(' '),
)
/** Multiply-accumulates that take the backend in JavaScript some milliseconds. */
const manyMacs = 5e5

/**
 * Products of a sum over the operands: filters are [H,W,C,M] and matrices [K,N], so each element of the first meets size / C or size / K of
 * the second. A gradient by the input has what it spreads last, and of its filter [H,W,O,C] each element meets size / C.
 */
function macsOf(op: string, [x, w, spread]: readonly NdArray[]): number {
  if (!x || !w) return 0
  if (op.includes('Backprop')) return spread ? (sizeOf(spread) * sizeOf(w)) / Math.max(1, w.shape.at(-1) ?? 1) : 0
  return (sizeOf(x) * sizeOf(w)) / Math.max(1, w.shape.at(-2) ?? 1)
}

/** What reports call it. */
export const nameOf = ({ version }: Pick<TfJs, 'version'>): string => `TensorFlow.js ${version}`

/**
 * Single ops by TensorFlow.js's own graph executor: it reads the attributes itself. Its types are f32, i32, bool and c64; i64 passes as
 * i32 where the values allow it.
 */
export function tfjsEvaluator(tfjs: TfJs): NodeEvaluator {
  const unknown = new Set<string>()
  return {
    name: nameOf(tfjs),
    async evaluate(node, operands, outputs) {
      if (!operands.every(isTaken) || !isTrusted(node, operands)) return undefined
      const isLarge =
        (products.has(node.op) || isConvolutionByProducts(node.op)) &&
        macsOf(node.op, operands) > manyMacs &&
        (node.op !== 'Einsum' || contractionOfNode(node) !== undefined)
      for (const backend of isLarge ? (['wasm', 'cpu'] as const) : (['cpu'] as const)) {
        const isByProducts = backend === 'wasm' && isConvolutionByProducts(node.op)
        if (!isByProducts && unknown.has(node.op)) return undefined
        await tfjs.use(backend)
        try {
          const results = await (isByProducts
            ? byProducts(tfjs, node, operands)
            : execute(tfjs, node, operands, outputs, backend === 'wasm'))
          if (results) return results
        } catch (e) {
          // What it does not know it says in words only; of what one backend lacks the other may have all.
          if (/^Unknown op/i.test(e instanceof Error ? e.message : String(e))) unknown.add(node.op)
        }
      }
      return undefined
    },
  }
}

async function byProducts(
  { core }: TfJs,
  node: SourceNode,
  operands: readonly NdArray[],
): Promise<ReadonlyMap<number, NdArray> | undefined> {
  if (operands.slice(-2).some((o) => o.dtype !== 'f32')) return undefined
  core.engine().startScope()
  try {
    const result = convolutionByProducts(core, node, operands)
    return result && new Map([[0, result]])
  } finally {
    core.engine().endScope()
  }
}

function contractionOfNode(node: SourceNode): Contraction | undefined {
  const equation = node.op === 'Einsum' ? node.attrs.get('equation') : undefined
  return equation?.kind === 'string' ? contractionOf(equation.value) : undefined
}

async function execute(
  { core, loadGraphModel }: TfJs,
  node: SourceNode,
  operands: readonly NdArray[],
  outputs: readonly number[],
  isLarge: boolean,
): Promise<ReadonlyMap<number, NdArray> | undefined> {
  core.engine().startScope()
  try {
    const tensors = operands.map((o) => tensorOf(core, o))
    const model = loadGraphModel({
      load: () => ({ modelTopology: graphOf(node, tensors), weightSpecs: [], weightData: new ArrayBuffer(0) }),
    })
    const feeds = Object.fromEntries(tensors.map((t, i) => [`in${i}`, t]))
    const contraction = isLarge ? contractionOfNode(node) : undefined
    if (contraction && tensors.length === 2) {
      const array = arrayOf(core, contract(core, contraction, tensors[0]!, tensors[1]!), 'i32')
      return array && new Map([[0, array]])
    }
    const names = outputs.map((i) => `out:${i}`)
    const results = [dynamic.test(node.op) ? await model.executeAsync(feeds, names) : model.execute(feeds, names)].flat()
    model.dispose()
    const arrays = new Map<number, NdArray>()
    const stated = node.resultTypes?.()
    for (const [i, output] of outputs.entries()) {
      const type = stated?.[output]
      const array = results[i] && arrayOf(core, results[i], type === 'i64' || (type === undefined && isWide(node, output)) ? 'i64' : 'i32')
      // Floats for integers and the like.
      if (!array || (type !== undefined && array.dtype !== type)) return undefined
      arrays.set(output, array)
    }
    return arrays
  } finally {
    core.engine().endScope()
  }
}

/** The node alone, its operands as placeholders. */
function graphOf(node: SourceNode, operands: readonly TfJsTensor[]): unknown {
  const inputs = operands.map(({ dtype }, i) => ({
    name: `in${i}`,
    op: 'Placeholder',
    input: [],
    attr: { dtype: { type: typeCodes[dtype] }, shape: { shape: { unknownRank: true } } },
  }))
  const attr = Object.fromEntries(
    node.attrs.names().flatMap((name) => {
      const value = attrOf(node.attrs.get(name))
      return value ? [[name, value]] : []
    }),
  )
  return {
    node: [...inputs, { name: 'out', op: node.op, input: inputs.map((i) => i.name), attr }],
    versions: { producer: 1 },
  }
}

const typeCodes: Readonly<Record<string, number>> = { float32: 1, int32: 3, complex64: 8, bool: 10 }

/** An attribute in the JSON form of protocol buffers, as TensorFlow.js reads it; undefined for those it has no use for. */
function attrOf(a: SourceAttr | undefined): unknown {
  switch (a?.kind) {
    case 'string':
      return { s: [...a.bytes] }
    case 'int':
      return { i: a.value }
    case 'float':
      return { f: a.value }
    case 'bool':
      return { b: a.value }
    case 'type':
      return { type: a.code }
    case 'shape':
      return { shape: shapeOf(a.value) }
    case 'strings':
      return { list: { s: a.bytes.map((b) => [...b]) } }
    case 'ints':
      return { list: { i: a.value } }
    case 'floats':
      return { list: { f: a.value } }
    case 'bools':
      return { list: { b: a.value } }
    case 'types':
      return { list: { type: a.codes } }
    case 'shapes':
      return { list: { shape: a.value.map(shapeOf) } }
    case 'empty-list':
      return { list: {} }
    default:
      return undefined
  }
}

function shapeOf(shape: readonly number[] | undefined): unknown {
  return shape ? { dim: shape.map((size) => ({ size })) } : { unknownRank: true }
}

function isTaken({ dtype, bytes }: NdArray): boolean {
  if (dtype === 'i64') return typedView('i64', bytes).every((n) => n === BigInt.asIntN(32, n))
  return dtype === 'f32' || dtype === 'i32' || dtype === 'bool' || dtype === 'c64'
}

function tensorOf(core: TfJsCore, { dtype, shape, bytes }: NdArray): TfJsTensor {
  const sizes = [...shape]
  switch (dtype) {
    case 'i64':
      return core.tensor(Int32Array.from(typedView('i64', bytes), Number), sizes, 'int32')
    case 'i32':
      return core.tensor(typedView('i32', bytes), sizes, 'int32')
    case 'bool':
      return core.tensor(typedView('bool', bytes), sizes, 'bool')
    case 'c64': {
      const pairs = typedView('c64', bytes)
      const part = (k: 0 | 1) =>
        core.tensor(
          Float32Array.from({ length: pairs.length / 2 }, (_, i) => pairs[2 * i + k]!),
          sizes,
          'float32',
        )
      return core.complex(part(0), part(1))
    }
    default:
      return core.tensor(typedView('f32', bytes), sizes, 'float32')
  }
}

/** A copy of a tensor; undefined for text. */
function arrayOf(core: TfJsCore, tensor: TfJsTensor, ints: 'i32' | 'i64'): NdArray | undefined {
  const { dtype, shape } = tensor
  if (dtype === 'complex64') {
    const [re, im] = [core.real(tensor).dataSync() as Float32Array, core.imag(tensor).dataSync() as Float32Array]
    const pairs = Float32Array.from({ length: 2 * re.length }, (_, i) => (i % 2 === 0 ? re : im)[i >> 1]!)
    return { dtype: 'c64', shape, bytes: bytesOf(pairs) }
  }
  // Casts leave the elements in arrays of the type that they had.
  const values = tensor.dataSync()
  if (dtype === 'float32')
    return {
      dtype: 'f32',
      shape,
      bytes: bytesOf(values instanceof Float32Array ? values.slice() : Float32Array.from(values as Int32Array)),
    }
  if (dtype === 'bool') return { dtype: 'bool', shape, bytes: Uint8Array.from(values as Uint8Array) }
  if (dtype !== 'int32') return undefined
  const wide = ints === 'i64'
  return {
    dtype: ints,
    shape,
    bytes: bytesOf(wide ? BigInt64Array.from(values as Int32Array, BigInt) : Int32Array.from(values as Int32Array)),
  }
}

/** Attributes that name the type of an integer result, the first that is there; by op where they are not the common ones. */
const commonTypes = ['out_type', 'output_type', 'DstT', 'dtype', 'T', 'Tparams', 'Tidx', 'TI'] as const
const ownTypes: Readonly<Record<string, readonly (string | undefined)[]>> = {
  TopKV2: ['T', 'index_type'],
  Unique: ['T', 'out_idx'],
  UniqueV2: ['T', 'out_idx'],
  MaxPoolWithArgmax: ['T', 'Targmax'],
}

/** TensorFlow.js has one integer type: whether it stands for i64, where the file does not define the op. */
function isWide(node: SourceNode, output: number): boolean {
  if (node.op === 'Where') return true
  const own = ownTypes[node.op]
  for (const name of own ? [own[output]] : commonTypes) {
    const a = name === undefined ? undefined : node.attrs.get(name)
    if (a?.kind === 'type') return a.value === 'i64'
  }
  return false
}
