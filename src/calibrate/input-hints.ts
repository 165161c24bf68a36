import { typedView } from '../core/dtype.ts'
import { type ModelFile, type ModelTables, operatorName, type SignatureIo } from '../run/model-io.ts'

/** What a model itself says of the numbers an input is to hold. */
export interface InputHint {
  readonly range: readonly [min: number, max: number]
  /** Where it says so; completes "the model says ... by ". */
  readonly by: string
}

const bytesRange: readonly [number, number] = [0, 255]
/** 1/255, 1/127.5 and the like: what scales bytes. @see keras.layers.Rescaling, keras.applications' preprocess_input */
const byteScales = [1 / 256, 1 / 127] as const
/** 127.5, 128 and the means of ImageNet's colors: what is taken off bytes. */
const byteMeans = [100, 130] as const

/**
 * What the model says of an input: a range stored with the tensor, fake quantization of it, or, where it first scales or shifts it as one
 * does with bytes, those. Undefined when it says nothing.
 */
export function inputHint(file: ModelFile, signature: SignatureIo, tensor: number): InputHint | undefined {
  const graph = file.tables.subgraphs[signature.subgraph]!
  const { quantization } = graph.tensors[tensor]!
  if (quantization?.min.length === 1 && quantization.max.length === 1) {
    return { range: [quantization.min[0]!, quantization.max[0]!], by: 'the range stored with it' }
  }
  const readers = graph.operators.filter((o) => o.inputs.includes(tensor))
  for (const { opcodeIndex, inputs, builtinOptions } of readers) {
    const op = operatorName(file.tables.operatorCodes[opcodeIndex]!)
    if (op === 'FAKE_QUANT' && builtinOptions?.type === 'FakeQuantOptions') {
      const { min, max } = builtinOptions.value as { min: number; max: number }
      return { range: [min, max], by: 'its fake quantization' }
    }
    const other = [...inputs].find((i) => i !== tensor)
    const constant = other === undefined ? undefined : constantOf(file.tables, signature.subgraph, other)
    if (!constant || inputs[0] !== tensor) continue
    const all = (limits: readonly [number, number], of: (x: number) => number): boolean =>
      constant.every((x) => limits[0] <= of(x) && of(x) <= limits[1])
    if ((op === 'MUL' && all(byteScales, (x) => x)) || (op === 'DIV' && all(byteScales, (x) => 1 / x))) {
      return { range: bytesRange, by: `its first op, which scales by ${Number(constant[0]!.toPrecision(3))}` }
    }
    if ((op === 'SUB' && all(byteMeans, (x) => x)) || (op === 'ADD' && all(byteMeans, (x) => -x))) {
      return { range: bytesRange, by: `its first op, which takes off ${Number(Math.abs(constant[0]!).toPrecision(4))}` }
    }
  }
  return undefined
}

/** More numbers than channels have. */
const maxConstant = 4

function constantOf(tables: ModelTables, subgraph: number, tensor: number): Float32Array | undefined {
  const { type, buffer } = tables.subgraphs[subgraph]!.tensors[tensor] ?? {}
  const data = buffer === undefined ? undefined : tables.buffers[buffer]?.data
  if (type !== 'FLOAT32' || !data || data.byteLength === 0 || data.byteLength > 4 * maxConstant) return undefined
  return typedView('f32', data.bytes())
}
