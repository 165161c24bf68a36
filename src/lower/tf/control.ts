import type { DType } from '../../core/dtype.ts'
import type { SourceGraph } from '../../import/source-graph.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { type BodyBuilder, choose, loop } from '../../ops/control/flow.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { passesThrough, readsInput } from '../calls.ts'
import { castTo } from '../operands.ts'
import { hasFailed, type NodeOutcome } from '../outcome.ts'
import type { LoweringRegistry } from '../registry.ts'
import { BehindFailure } from '../scope.ts'
import type { SourceOp } from '../source-op.ts'
import { allocateList, elementShapeOf, withoutKernels } from './tensor-list.ts'

/**
 * While, StatelessWhile. What the body hands on unchanged is no variable of the loop when it is constant, a handle, or read by nobody.
 * @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/While
 */
function whileLoop(n: SourceOp, b: OpBuilder): readonly Value[] {
  const cond = n.function('cond', n.operands)
  const body = n.function('body', n.operands)
  if (body.outputs.length !== n.operands.length || cond.outputs.length !== 1) n.reject('its body does not give what it takes')
  const fixed = n.operands.map(
    (v, i) =>
      n.scope.variables.has(v) ||
      (passesThrough(body, i, n.scope) && (v.data !== undefined || !(readsInput(cond, i) || readsInput(body, i, [i])))),
  )
  const operands = withLists(n, b, body, fixed)
  const inLoop = [...operands.keys()].filter((i) => !fixed[i])
  const spread = (inner: OpBuilder, vars: readonly Value[]) =>
    operands.map((v, i) => (fixed[i] ? inside(inner, v) : uncarried(inner, vars[inLoop.indexOf(i)]!, v.type.dtype)))
  const invariant = new Set(inLoop.filter((i) => passesThrough(body, i, n.scope)))
  const init = inLoop.map((i) => {
    const v = carried(b, operands[i]!)
    return invariant.has(i) ? v : { ...v, dims: undefined }
  })
  // Both may be lowered several times, of which the last counts.
  let outcomes: readonly NodeOutcome[] = []
  const results = loop(
    b,
    init as readonly Value[],
    (inner, vars) => {
      const [test] = lowerBody(n, cond, spread(inner, vars), inner, (of) => {
        outcomes = of
      })
      return truth(n, inner, test!)
    },
    (inner, vars) => {
      const next = lowerBody(n, body, spread(inner, vars), inner, (of) => {
        outcomes = [...outcomes, ...of]
      })
      return inLoop.map((i) => carried(inner, next[i]!))
    },
  )
  tell(n, outcomes)
  return operands.map((v, i) => (fixed[i] ? v : uncarried(b, results[inLoop.indexOf(i)]!, v.type.dtype)))
}

/** A value as a graph that is called can take it: no kernel hands on floats of these types. */
const carried = (b: OpBuilder, v: Value): Value => castTo(b, v, withoutKernels[v.type.dtype] ?? v.type.dtype)

const uncarried = (b: OpBuilder, v: Value, type: DType | undefined): Value => (type && withoutKernels[type] ? castTo(b, v, type) : v)

function tell(n: SourceOp, outcomes: readonly NodeOutcome[]): void {
  for (const outcome of outcomes) n.context.outcomes.push(outcome)
}

/** Constants are constants inside too; what else is fixed is known by identity, or not looked at. */
function inside(b: OpBuilder, v: Value): Value {
  return v.data ? b.copy(v) : v
}

/** Results `kept` of a function, by default all. What became of its nodes goes to `tellOwner`, by default at once to those of the node's own graph. */
function lowerBody(
  n: SourceOp,
  source: SourceGraph,
  args: readonly Value[],
  b: OpBuilder,
  tellOwner: (outcomes: readonly NodeOutcome[]) => void = (outcomes) => tell(n, outcomes),
  kept: readonly number[] = [...source.outputs.keys()],
): readonly Value[] {
  const outcomes: NodeOutcome[] = []
  const results = n.scope.nodes.lowerNodes(source, args, b, outcomes, kept)
  if (!outcomes.some(hasFailed)) {
    tellOwner(outcomes)
    return kept.map((i) => results[i] ?? n.reject(`a result of the function ${source.name} cannot be told`))
  }
  tell(n, outcomes)
  throw new BehindFailure()
}

/**
 * The operands, with every list whose elements are not known yet as a tensor. The body is lowered once on trial to see what it
 * puts into them.
 */
function withLists(n: SourceOp, b: OpBuilder, body: SourceGraph, fixed: readonly boolean[]): readonly Value[] {
  const { lists } = n.scope
  const isOpen = n.operands.map((v, i) => lists.has(v) && !fixed[i])
  if (!isOpen.includes(true)) return n.operands
  const outcomes: NodeOutcome[] = []
  let found: readonly (Value | undefined)[] = []
  b.bodies.attempt(() => {
    const given = n.operands.map((v, i) => (fixed[i] ? undefined : (lists.get(v)?.length ?? v)))
    b.body(
      'trial',
      given.filter((v) => v !== undefined),
      (inner, vars) => {
        let next = 0
        const args = n.operands.map((v, i) => {
          if (fixed[i]) return inside(inner, v)
          const list = lists.get(v)
          const arg = vars[next++]!
          return list ? n.scope.pending(inner, v.name, { ...list, length: arg }) : arg
        })
        found = n.scope.nodes.lowerNodes(body, args, inner, outcomes)
        return []
      },
    )
    return undefined
  })
  return n.operands.map((v, i) => {
    const list = lists.get(v)
    if (!isOpen[i] || !list) return v
    const made = found[i]
    const element = made && elementShapeOf(n.scope, made)
    if (!element || element.includes(-1)) {
      if (outcomes.some(hasFailed)) {
        tell(n, outcomes)
        throw new BehindFailure()
      }
      return n.reject('the shape of the elements of a list cannot be told', 'Give the TensorArray an element_shape.')
    }
    return allocateList(n, b, { ...list, element })
  })
}

/** Any number is true unless it is 0; of tensors with axes TensorFlow takes something else, whether they have elements. */
function truth(n: SourceOp, b: OpBuilder, v: Value): Value {
  if (v.type.shape.length > 0) return n.reject('its condition is no single value')
  return v.type.dtype === 'bool' ? v : b.op(op.notEqual, [v, b.op(op.cast, [b.i32([0], [])], { to: v.type.dtype })])
}

function ifElse(n: SourceOp, b: OpBuilder): readonly (Value | undefined)[] {
  const operands = n.operands.slice(1)
  const branches = [n.function('then_branch', operands), n.function('else_branch', operands)] as const
  const known = constInts(n.in(0))
  if (known) return taken(n, branches[known[0] === 0 ? 1 : 0], operands, b)
  const [yes, no] = branches
  const { passed, lowered, given } = branching(n, b, operands, branches)
  return given(choose(b, truth(n, b, n.in(0)), passed, lowered(yes), lowered(no)))
}

/** The results of the branch that is always taken. */
function taken(n: SourceOp, branch: SourceGraph, operands: readonly Value[], b: OpBuilder): readonly (Value | undefined)[] {
  const kept = readOf(n, branch)
  return inPlace(kept, lowerBody(n, branch, operands, b, undefined, kept))
}

/** The results of a branch that are read outside. */
function readOf(n: SourceOp, branch: SourceGraph): readonly number[] {
  return [...branch.outputs.keys()].filter((i) => n.isRead(i))
}

function inPlace(kept: readonly number[], results: readonly Value[]): readonly (Value | undefined)[] {
  const all: (Value | undefined)[] = []
  for (const [k, i] of kept.entries()) all[i] = results[k]
  return all
}

/** The branch of this index; the last one for an index out of range. */
function switchCase(n: SourceOp, b: OpBuilder): readonly (Value | undefined)[] {
  const operands = n.operands.slice(1)
  const branches = n.functions('branches', operands)
  const last = branches.length - 1
  const known = constInts(n.in(0))?.[0]
  if (last < 0) return n.reject('it has no branches')
  if (known !== undefined || last === 0)
    return taken(n, branches[known === undefined || known < 0 || known > last ? last : known]!, operands, b)
  const { passed, lowered, given } = branching(n, b, operands, branches)
  const from =
    (k: number): BodyBuilder =>
    (inner, [index, ...args]) =>
      k === last
        ? lowered(branches[k]!)(inner, args)
        : choose(
            inner,
            inner.op(op.equal, [index!, inner.i32([k], [])]),
            [index!, ...args],
            (at, [, ...own]) => lowered(branches[k]!)(at, own),
            from(k + 1),
          )
  return given(from(0)(b, [n.in(0), ...passed]))
}

/** What must be handed to branches: operands that they read, are no constants and not known by identity alone. */
function branching(n: SourceOp, b: OpBuilder, operands: readonly Value[], branches: readonly SourceGraph[]) {
  const isPassed = operands.map(
    (v, i) => !v.data && !n.scope.variables.has(v) && !n.scope.lists.has(v) && branches.some((source) => readsInput(source, i)),
  )
  const lowered =
    (source: SourceGraph): BodyBuilder =>
    (inner, args) => {
      let next = 0
      const own = operands.map((v, i) => (isPassed[i] ? uncarried(inner, args[next++]!, v.type.dtype) : inside(inner, v)))
      const results = lowerBody(n, source, own, inner, undefined, readOf(n, source))
      types = results.map((v) => v.type.dtype)
      return results.map((v) => carried(inner, v))
    }
  let types: readonly DType[] = []
  const given = (results: readonly Value[]): readonly (Value | undefined)[] =>
    inPlace(
      readOf(n, branches[0]!),
      results.map((v, i) => uncarried(b, v, types[i])),
    )
  return { passed: operands.filter((_, i) => isPassed[i]).map((v) => carried(b, v)), lowered, given }
}

export const control: LoweringRegistry = {
  While: whileLoop,
  StatelessWhile: whileLoop,
  If: ifElse,
  StatelessIf: ifElse,
  Case: switchCase,
  StatelessCase: switchCase,
}
