import { type Dim, type Shape, sameShape } from '../../core/shape.ts'
import type { TensorType, Value } from '../../ir/types.ts'
import { hasEffect } from '../bodies.ts'
import type { Argument, Body, OpBuilder } from '../build.ts'
import { badOperands } from '../diagnostics.ts'
import { ifElse, whileLoop } from './control.ts'

/** Makes the results of a graph that is called from its arguments. */
export type BodyBuilder = (b: OpBuilder, args: readonly Value[]) => readonly Value[]

/**
 * `vars = init; while (cond(vars)) vars = body(vars)`, returning the last `vars`. A size that the body changes is unknown in the loop
 * and after it; then `cond` and `body` are called again, so they must not keep what they were given.
 * Throws `lower/bad-operands` when the body makes other types or ranks than it takes.
 * @see https://www.tensorflow.org/api_docs/python/tf/while_loop
 */
export function loop(
  b: OpBuilder,
  init: readonly Value[],
  cond: (b: OpBuilder, vars: readonly Value[]) => Value,
  body: BodyBuilder,
): Value[] {
  let vars: readonly Argument[] = init
  const changing = new Set<Dim>()
  for (;;) {
    const widened: Argument[] = []
    const built = b.bodies.attempt(() => {
      const test = b.body('while_cond', vars, (inner, args) => [cond(inner, args)])
      const step = b.body('while_body', vars, body)
      widened.push(...vars.map((v, i) => widen(b, v, step.results[i], i, changing)))
      return widened.every((v, i) => v === vars[i]) && step.results.length === vars.length ? { test, step } : undefined
    })
    if (built) {
      const { test, step } = built
      return b.ops(whileLoop, init, { cond: test.index, body: step.index, effects: doesMore(test, step) }, typesOf(vars))
    }
    if (widened.every((v, i) => v === vars[i]))
      throw badOperands(whileLoop.name, b.origin, typesOf(vars), 'its body has other results than it takes')
    vars = widened
  }
}

/**
 * The results of one of two graphs on the same operands. A size in which they differ is unknown.
 * Throws `lower/bad-operands` when the two make other types or ranks.
 */
export function choose(b: OpBuilder, condition: Value, operands: readonly Value[], whenTrue: BodyBuilder, whenFalse: BodyBuilder): Value[] {
  const yes = b.body('if_true', operands, whenTrue)
  const no = b.body('if_false', operands, whenFalse)
  const fail = (reason: string) => badOperands(ifElse.name, b.origin, [condition.type, ...typesOf(operands)], reason)
  if (yes.results.length !== no.results.length) throw fail(`its branches have ${yes.results.length} and ${no.results.length} results`)
  const known = new Set(operands.flatMap((v) => [...v.type.shape, ...(v.dims ?? [])]))
  const types = yes.results.map((t, i): TensorType => {
    const u = no.results[i]!
    if (t.dtype !== u.dtype || t.shape.length !== u.shape.length) throw fail(`its branches differ in the type of result ${i}`)
    const shape = t.shape.map((d, k) => (d === u.shape[k] && isKnownOutside(d, known) ? d : unknownDim(b, 'if', i, k)))
    return { dtype: t.dtype, shape }
  })
  return b.ops(ifElse, [condition, ...operands], { thenGraph: yes.index, elseGraph: no.index, effects: doesMore(yes, no) }, types)
}

function doesMore(...bodies: readonly Body[]): boolean {
  return bodies.some((body) => body.graph.nodes.some(hasEffect))
}

function typesOf(values: readonly Argument[]): TensorType[] {
  return values.map((v) => v.type)
}

/** `v` as it is when it may also be of type `result`; a size that is known to change, one of `changing`, may be any. */
function widen(b: OpBuilder, v: Argument, result: TensorType | undefined, i: number, changing: Set<Dim>): Argument {
  const { type } = v
  if (!result || result.dtype !== type.dtype || result.shape.length !== type.shape.length) {
    throw badOperands(whileLoop.name, b.origin, [type, result ?? null], `its body changes the type of variable ${i}`)
  }
  const shape: Shape = type.shape.map((d, k) => {
    if (d === result.shape[k] || changing.has(d)) return d
    const changed = unknownDim(b, 'while', i, k)
    changing.add(changed)
    return changed
  })
  if (sameShape(shape, type.shape)) return v
  return { name: v.name, type: { dtype: type.dtype, shape } }
}

function unknownDim(b: OpBuilder, op: string, i: number, axis: number): Dim {
  return `(${op}${i}.${axis}@${b.graph.nextValue})`
}

/** Sizes that only a run of the body can tell mean nothing outside. */
function isKnownOutside(d: Dim, known: ReadonlySet<Dim>): boolean {
  return typeof d === 'number' || !d.includes('@') || known.has(d)
}
