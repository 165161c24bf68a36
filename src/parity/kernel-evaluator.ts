import { constFromBytes } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { bytesOf, isInteger, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import { broadcastShapes } from '../core/shape.ts'
import type { SourceNode } from '../import/source-graph.ts'
import { GraphEditor } from '../ir/graph.ts'
import type { Value } from '../ir/types.ts'
import { complexOf, partsOf } from '../lower/complex.ts'
import type { Lowering, LoweringRegistry } from '../lower/registry.ts'
import { loneContext, SourceOp } from '../lower/source-op.ts'
import { BodyTable } from '../ops/bodies.ts'
import { OpBuilder } from '../ops/build.ts'
import { NotComputable } from '../ops/interpret.ts'
import { interpretModel } from '../ops/interpret-model.ts'
import type { NodeEvaluator } from './node-evaluator.ts'
import { spread } from './spread.ts'

/** Integers of up to this many elements may be axes, sizes and the like, which lowering wants to know. */
const maxKnownElements = 4096

/**
 * Single ops by our own reference kernels: each is lowered alone, nothing is optimized. It shares the op's lowering with what is checked,
 * so it can tell faults of the optimizer, the writer and the runtime, not of that lowering.
 */
export function kernelEvaluator(registry: LoweringRegistry): NodeEvaluator {
  return {
    name: 'own kernels',
    async evaluate(node, operands, outputs) {
      const lowering = registry[node.op]
      if (!lowering) return undefined
      // Some lowerings want to know scales and the like as well.
      return evaluated(lowering, node, operands, outputs, isSmallInteger) ?? evaluated(lowering, node, operands, outputs, isSmall)
    },
  }
}

const isSmall = (o: NdArray): boolean => sizeOf(o) <= maxKnownElements
const isSmallInteger = (o: NdArray): boolean => isSmall(o) && (isInteger(o.dtype) || o.dtype === 'bool')

function evaluated(
  lowering: Lowering,
  node: SourceNode,
  operands: readonly NdArray[],
  outputs: readonly number[],
  isKnown: (operand: NdArray) => boolean,
): ReadonlyMap<number, NdArray> | undefined {
  try {
    const editor = new GraphEditor('node')
    const bodies = new BodyTable(1)
    const b = new OpBuilder(editor, { bodies })
    const feeds: NdArray[] = []
    const fed = (name: string, o: NdArray): Value => {
      feeds.push(o)
      return editor.addInput(name, { dtype: o.dtype, shape: o.shape })
    }
    const values = operands.map((o, i): Value => {
      if (isKnown(o)) return b.const(`in${i}`, o.dtype, o.shape, constFromBytes(o.bytes))
      if (o.dtype !== 'c64') return fed(`in${i}`, o)
      return complexOf(b, { re: fed(`re${i}`, partOf(o, 0)), im: fed(`im${i}`, partOf(o, 1)) })
    })
    const lowered = [lowering(new SourceOp(node, values, loneContext()), b)].flat()
    const parts = outputs.map((i) => {
      const v = lowered[i]!
      const { re, im } = v.type.dtype === 'c64' ? partsOf(b, v) : { re: v, im: undefined }
      return im ? [re.id, im.id] : [re.id]
    })
    editor.setOutputs(parts.flat())
    editor.removeDead()
    const results = interpretModel({ graphs: [editor.finish(), ...bodies.graphs] }, 0, feeds)
    return new Map(
      outputs.map((i, k) => {
        const [first, second] = results.splice(0, parts[k]!.length) as [NdArray, NdArray?]
        return [i, second ? complexArray(first, second) : first]
      }),
    )
  } catch (e) {
    if (e instanceof NotComputable || e instanceof DowncastError) return undefined
    throw e
  }
}

/** Real parts at offset 0, imaginary ones at 1. */
function partOf({ shape, bytes }: NdArray, offset: 0 | 1): NdArray {
  const pairs = typedView('c64', bytes)
  return { dtype: 'f32', shape, bytes: bytesOf(Float32Array.from({ length: pairs.length / 2 }, (_, i) => pairs[2 * i + offset]!)) }
}

/** Of parts that broadcast. */
function complexArray(re: NdArray, im: NdArray): NdArray {
  const shape = broadcastShapes(re.shape, im.shape) as readonly number[]
  const parts = [spread(re, shape), spread(im, shape)] as const
  const pairs = Float32Array.from({ length: 2 * parts[0].length }, (_, i) => parts[i % 2 === 0 ? 0 : 1][i >> 1]!)
  return { dtype: 'c64', shape, bytes: bytesOf(pairs) }
}
