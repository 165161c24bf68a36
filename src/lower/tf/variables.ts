import { elementCount } from '../../core/shape.ts'
import type { SourceVariable } from '../../import/source-graph.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { reshapeTo } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/*
 * Variables that the model writes. A handle is known by identity alone, also in the bodies of loops and branches; each graph makes its own
 * VAR_HANDLE of it, which is the same variable by its name.
 */

/** Writes that change what is there: the op that computes what to store from the variable's value and the other operands. */
const updates: Readonly<Record<string, string>> = {
  AssignAddVariableOp: 'AddV2',
  AssignSubVariableOp: 'Sub',
  ResourceScatterNdAdd: 'TensorScatterAdd',
  ResourceScatterNdSub: 'TensorScatterSub',
  ResourceScatterNdMin: 'TensorScatterMin',
  ResourceScatterNdMax: 'TensorScatterMax',
  ResourceScatterNdUpdate: 'TensorScatterUpdate',
}
/** Those that address whole rows. @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResourceScatterUpdate */
const rowUpdates: Readonly<Record<string, string>> = {
  ResourceScatterAdd: 'TensorScatterAdd',
  ResourceScatterSub: 'TensorScatterSub',
  ResourceScatterMin: 'TensorScatterMin',
  ResourceScatterMax: 'TensorScatterMax',
  ResourceScatterUpdate: 'TensorScatterUpdate',
}

/** `registry` has the ops that writes compute with. */
export function variableOps(registry: LoweringRegistry): LoweringRegistry {
  const update =
    (name: string, operands: (n: SourceOp, b: OpBuilder, held: Value) => readonly Value[]) =>
    (n: SourceOp, b: OpBuilder): readonly Value[] => {
      const made = registry[name]!(n.with(operands(n, b, read(n, b))), b)
      return assign(n, b, Array.isArray(made) ? (made as readonly Value[])[0]! : (made as Value))
    }
  const mapped = (names: Readonly<Record<string, string>>, operands: (n: SourceOp, b: OpBuilder, held: Value) => readonly Value[]) =>
    Object.fromEntries(Object.entries(names).map(([name, by]) => [name, update(by, operands)]))
  return {
    VarHandleOp(n, b) {
      const { variable } = n.node
      if (!variable) return n.reject('its value is not known')
      const handle = n.scope.standIn(b, variable.name, 'resource')
      n.scope.variables.set(handle, variable)
      return handle
    },
    ReadVariableOp: read,
    AssignVariableOp: (n, b) => assign(n, b, n.in(1)),
    ResourceStridedSliceAssign: update('TensorStridedSliceUpdate', (n, _, held) => [held, ...n.operands.slice(1)]),
    ...mapped(updates, (n, _, held) => [held, ...n.operands.slice(1)]),
    ...mapped(rowUpdates, (n, b, held) => [held, ...rows(n, b, held)]),
  }
}

function variableOf(n: SourceOp): SourceVariable {
  return n.scope.variables.get(n.in(0)) ?? n.reject('it cannot be told which variable it takes')
}

function read(n: SourceOp, b: OpBuilder): Value {
  const variable = variableOf(n)
  const { value } = variable
  return b.ops(op.readVariable, [n.scope.handle(b, variable)], {}, [{ dtype: value.dtype, shape: value.shape }])[0]!
}

function assign(n: SourceOp, b: OpBuilder, value: Value): readonly Value[] {
  const variable = variableOf(n)
  const { name, value: held } = variable
  const { dtype, shape } = value.type
  const fits = shape.length === held.shape.length && shape.every((d, i) => typeof d === 'string' || d === held.shape[i])
  if (!fits || dtype !== held.dtype)
    n.reject(`it stores ${dtype}[${shape.join(',')}] in the variable ${name}, which is ${held.dtype}[${held.shape.join(',')}]`)
  b.ops(op.assignVariable, [n.scope.handle(b, variable), value])
  return []
}

/** Indices of rows as index vectors, and a row for each. */
function rows(n: SourceOp, b: OpBuilder, held: Value): readonly Value[] {
  const [indices, given] = [n.in(1), n.in(2)]
  const at = reshapeTo(b, indices, [...indices.type.shape, 1])
  const shape = [...indices.type.shape, ...held.type.shape.slice(1)]
  if (given.type.shape.length > 0) return [at, given]
  if (elementCount(shape) === undefined) n.reject('one number for rows of which it cannot be told how many there are')
  return [at, b.op(op.broadcastTo, [given, b.i32(shape.map(Number))])]
}
