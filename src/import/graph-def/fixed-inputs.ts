import { constFromBytes, repeatedConst } from '../../core/bytes.ts'
import { byteLengthOf, type DType } from '../../core/dtype.ts'
import { encodeElements } from '../../core/elements.ts'
import type { NumericConst, SourceConst } from '../source-graph.ts'
import { NodeAttrs, noDefaults } from './attrs.ts'
import { unknownTensor, unsuitableConstant } from './diagnostics.ts'
import type { GraphNode } from './graph-node.ts'
import type { SignaturePorts } from './signature.ts'
import { nodeName } from './variable-access.ts'

/** Values by the name of the placeholder that always has them. */
export type FixedInputs = ReadonlyMap<string, number | boolean>

type Ports = SignaturePorts['inputs']

/** Nodes of a graph, some of which have their values beside them. */
interface FixedGraph {
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly constants: ReadonlyMap<string, SourceConst>
}

/**
 * The graph with placeholders as constants; a tensor of known sizes has the value in every element, one of unknown rank is a scalar.
 * Throws `import/unknown-tensor`, `import/unsuitable-constant`.
 */
export function withFixedInputs(file: string, nodes: ReadonlyMap<string, GraphNode>, values: FixedInputs = new Map()): FixedGraph {
  const fixed = new Map(nodes)
  const constants = new Map<string, SourceConst>()
  for (const [input, value] of values) {
    const name = input.replace(/:0$/, '')
    const node = nodes.get(name)
    if (!node) throw unknownTensor(file, '--constant', name, [...nodes.keys()])
    fixed.set(name, { name, op: 'Const', input: [], attr: node.attr })
    constants.set(name, constantFor(file, node, value))
  }
  return { nodes: fixed, constants }
}

/** Values by placeholder, of inputs called as signatures do or by their placeholder. */
export function fixedPlaceholders(signatures: readonly Ports[], values: FixedInputs = new Map()): FixedInputs {
  const placeholders = ([name, value]: readonly [string, number | boolean]): (readonly [string, number | boolean])[] => {
    const named = signatures.flatMap((inputs) => inputs.get(name)?.name ?? [])
    return named.length > 0 ? named.map((tensor) => [nodeName(tensor), value] as const) : [[name, value]]
  }
  return new Map([...values].flatMap(placeholders))
}

/** Inputs that are no constants. */
export function withoutConstants(inputs: Ports, constants: ReadonlyMap<string, unknown>): Ports {
  return new Map([...inputs].filter(([, { name = '' }]) => !constants.has(nodeName(name))))
}

function constantFor(file: string, node: GraphNode, value: number | boolean): NumericConst {
  const attrs = new NodeAttrs(node, noDefaults, file)
  const [type, stated] = [attrs.get('dtype'), attrs.get('shape')]
  const dims = (stated?.kind === 'shape' && stated.value) || []
  if (!/^Placeholder(V2|WithDefault)?$/.test(node.op)) throw unsuitableConstant(file, node.name, `it is what ${node.op} computes`)
  if (dims.some((d) => d < 0)) throw unsuitableConstant(file, node.name, `it has open sizes, [${dims}]`)
  const dtype = type?.kind === 'type' ? type.value : undefined
  const element = elementOf(dtype, value)
  if (!dtype || !element) throw unsuitableConstant(file, node.name, `it is of type ${dtype ?? 'unknown'}, which does not have ${value}`)
  const byteLength = byteLengthOf(
    dtype,
    dims.reduce((n, d) => n * d, 1),
  )
  return {
    dtype: dtype as NumericConst['dtype'],
    shape: dims,
    data: byteLength === element.length ? constFromBytes(element) : repeatedConst(element, byteLength),
  }
}

const isNumber = (value: number | boolean): boolean => typeof value === 'number'
const holds: Readonly<Partial<Record<DType, (value: number | boolean) => boolean>>> = {
  bool: (value) => typeof value === 'boolean',
  f32: isNumber,
  f64: isNumber,
  i32: (value) => Number.isSafeInteger(value) && Math.abs(value as number) < 2 ** 31,
  i64: Number.isSafeInteger,
}

/** The bytes of one element; undefined where the type has no such value. */
function elementOf(dtype: DType | undefined, value: number | boolean): Uint8Array | undefined {
  return dtype && holds[dtype]?.(value) ? encodeElements(dtype, [Number(value)]) : undefined
}
