import { constFromBytes } from '../../core/bytes.ts'
import { repeatedElement } from '../constants.ts'
import { op } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { broadcastingNames, isBetterFilled, isRepeated, readingAt, readingsOf } from '../splats.ts'

/** binary op or select on a constant that is one number everywhere  =>  the op on the number, which broadcasts. */
export const broadcastSplat = rule('broadcast-splat', {
  semantics: 'exact',
  pattern: op(broadcastingNames, { as: 'root' }),
  check({ root }, graph) {
    const operands = graph.operands(root)
    const splats = operands.flatMap((v, i) => (v && isRepeated(v) ? [{ v, i }] : []))
    if (splats.length === 0) return other
    const found = splats.filter(({ i }) => readingAt(graph, root, i) === 'element')
    if (found.length === 0) return miss('the constant gives the result its shape, or the kernel does not broadcast this rank', root)
    // Of operands that are all the whole shape, one must stay so.
    const position = found[0]!.i
    const { v } = found[0]!
    const readings = readingsOf(graph, v)
    const goes = readings.size === 1 || isBetterFilled(graph, v, v.data!.byteLength)
    return goes ? hit({ position, element: repeatedElement(v)! }) : miss('another op needs the whole constant', root)
  },
  rewrite({ root }, { position, element }, b) {
    const inputs = b.graph.operands(root)
    const whole = inputs[position]!
    const number = b.const(whole.name, whole.type.dtype, [], constFromBytes(element))
    // One number for all readers: a tensor each would make the file larger.
    for (const user of b.graph.users(whole.id)) {
      const at = user.inputs.indexOf(whole.id)
      if (user.id !== root.id && readingAt(b.graph, user, at) === 'element')
        b.graph.updateNode(user, { inputs: user.inputs.with(at, number.id) })
    }
    return b.like(root, { inputs: inputs.with(position, number) })
  },
})
