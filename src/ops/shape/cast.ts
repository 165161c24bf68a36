import { attr, defineOp, operand } from '../spec.ts'

const castable = ['f32', 'f16', 'bf16', 'f64', 'i4', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'bool', 'c64'] as const

/** Converts elements; float to integer truncates towards zero, anything to bool is `x != 0`. */
export const cast = defineOp({
  name: 'cast',
  builtin: 'CAST',
  summary: 'converts elements to another type',
  operands: [operand('input', castable)],
  attrs: { to: attr.dtype('') },
  infer(n) {
    const { to } = n.attrs
    if (!castable.includes(to as (typeof castable)[number])) n.fail(`there is no cast to ${to}`)
    return [{ dtype: to, shape: n.type('input').shape }]
  },
  version(n) {
    const types = [n.type('input').dtype, n.results[0]!.dtype]
    const has = (...names: string[]) => types.some((t) => names.includes(t))
    if (has('u4')) return 8
    if (has('bf16')) return 7
    if (types[0] === 'i4' && types[1] === 'f32') return 6
    if (has('f64', 'f16')) return 5
    if (has('u16')) return 4
    return has('i8') ? 3 : has('u32') ? 2 : 1
  },
  releases: { 1: '1.5.0', 2: '2.7.0', 3: '2.8.0', 4: '2.9.0', 5: '2.12.0', 6: '2.15.0', 7: '2.17.0', 8: '2.21.0' },
  accuracy: 'exact',
  dims: ({ values, attrs }) => (/^[iu](16|32|64)$/.test(String(attrs.to)) ? values[0]?.dims : undefined),
})
