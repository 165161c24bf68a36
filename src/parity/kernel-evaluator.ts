import { constFromBytes } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { isInteger } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import { GraphEditor } from '../ir/graph.ts'
import type { LoweringRegistry } from '../lower/registry.ts'
import { loneContext, SourceOp } from '../lower/source-op.ts'
import { OpBuilder } from '../ops/build.ts'
import { interpret, NotComputable } from '../ops/interpret.ts'
import type { NodeEvaluator } from './node-evaluator.ts'

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
      try {
        const editor = new GraphEditor('node')
        const b = new OpBuilder(editor)
        const feeds: NdArray[] = []
        const values = operands.map((o, i) => {
          const type = { dtype: o.dtype, shape: o.shape }
          const isKnown = (isInteger(o.dtype) || o.dtype === 'bool') && sizeOf(o) <= maxKnownElements
          if (isKnown) return b.const(`in${i}`, o.dtype, o.shape, constFromBytes(o.bytes))
          feeds.push(o)
          return editor.addInput(`in${i}`, type)
        })
        const lowered = [lowering(new SourceOp(node, values, loneContext()), b)].flat()
        editor.setOutputs(lowered.map((v) => v.id))
        editor.removeDead()
        const results = interpret(editor.finish(), feeds)
        return new Map(outputs.map((i) => [i, results[i]!]))
      } catch (e) {
        if (e instanceof NotComputable || e instanceof DowncastError) return undefined
        throw e
      }
    },
  }
}
