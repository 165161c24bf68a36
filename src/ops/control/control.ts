import type { DType } from '../../core/dtype.ts'
import { anyFixed, movable } from '../dtypes.ts'
import { attr, defineOp, operand } from '../spec.ts'

const passed: readonly DType[] = [...movable, 'resource']
/** Whether a graph that is called sets variables: then the call is never removed or merged. Not in the file. */
const effects = attr.bool('')

/** Runs graph `body` on its own results as long as graph `cond` holds of them; both take what `while` takes. */
export const whileLoop = defineOp({
  name: 'while',
  builtin: 'WHILE',
  summary: 'repeats a graph while another holds',
  operands: [operand('inputs', passed, { variadic: true })],
  attrs: { effects, cond: attr.graph('condSubgraphIndex', 'truth'), body: attr.graph('bodySubgraphIndex') },
  options: 'WhileOptions',
  // A loop may change the sizes of what it carries, then they are declared.
  infer: (n) => n.types.map((t, i) => ({ dtype: t!.dtype, shape: n.declared?.[i]?.shape ?? t!.shape })),
  version: () => 1,
  releases: { 1: '1.15.0' },
  accuracy: 'rounding',
})

/** Runs graph `thenGraph` where the condition holds, else `elseGraph`, on the operands after the condition. */
export const ifElse = defineOp({
  name: 'if',
  builtin: 'IF',
  summary: 'runs one of two graphs',
  operands: [operand('condition', ['bool']), operand('inputs', passed, { variadic: true })],
  attrs: { effects, thenGraph: attr.graph('thenSubgraphIndex'), elseGraph: attr.graph('elseSubgraphIndex') },
  options: 'IfOptions',
  infer: (n) => n.declared ?? n.fail('its results must be declared'),
  version: () => 1,
  releases: { 1: '1.15.0' },
  accuracy: 'rounding',
})

/** Runs a graph without operands the first time only: sets variables, fills tables. */
export const callOnce = defineOp({
  name: 'call_once',
  builtin: 'CALL_ONCE',
  summary: 'runs a graph the first time',
  operands: [],
  attrs: { init: attr.graph('initSubgraphIndex') },
  options: 'CallOnceOptions',
  infer: () => [],
  version: () => 1,
  releases: { 1: '2.5.0' },
  accuracy: 'exact',
  sideEffect: true,
})

/** A variable by its name; equal names are one variable. */
export const varHandle = defineOp({
  name: 'var_handle',
  builtin: 'VAR_HANDLE',
  summary: 'a variable by name',
  operands: [],
  attrs: { container: attr.string('container'), sharedName: attr.string('sharedName') },
  options: 'VarHandleOptions',
  infer: () => [{ dtype: 'resource', shape: [] }],
  version: () => 1,
  releases: { 1: '2.6.0' },
  accuracy: 'exact',
  sideEffect: true,
})

/** What a variable holds. Its type is declared. */
export const readVariable = defineOp({
  name: 'read_variable',
  builtin: 'READ_VARIABLE',
  summary: 'what a variable holds',
  operands: [operand('variable', ['resource'])],
  attrs: {},
  options: 'ReadVariableOptions',
  infer: (n) => n.declared ?? n.fail('its result must be declared'),
  version: () => 1,
  releases: { 1: '2.6.0' },
  accuracy: 'exact',
  sideEffect: true,
})

/** Stores a value in a variable. */
export const assignVariable = defineOp({
  name: 'assign_variable',
  builtin: 'ASSIGN_VARIABLE',
  summary: 'stores a value in a variable',
  operands: [operand('variable', ['resource']), operand('value', anyFixed)],
  attrs: {},
  options: 'AssignVariableOptions',
  infer: () => [],
  version: () => 1,
  releases: { 1: '2.6.0' },
  accuracy: 'exact',
  sideEffect: true,
})
