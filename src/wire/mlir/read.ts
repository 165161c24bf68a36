import { malformed } from '../diagnostics.ts'
import { Cursor } from './cursor.ts'
import { IrReader } from './ir.ts'
import { readSections } from './sections.ts'
import type { MlirBlock, MlirFunction, MlirModule, MlirOp } from './types.ts'

/**
 * The functions of a module of StableHLO as it is stored for later versions to read: MLIR bytecode of the dialect VHLO.
 * Constants are views of `bytes`. Throws `wire/malformed`, `wire/truncated` and `wire/limit-exceeded`; `place` is what
 * messages call the bytes.
 * @see https://openxla.org/stablehlo/bytecode
 */
export function readMlirModule(bytes: Uint8Array, place: string): MlirModule {
  const cursor = new Cursor(bytes, place)
  const sections = readSections(cursor)
  const top = new IrReader(cursor, sections).read(cursor.over(sections.ir))
  const module = top.ops.find((op) => op.name === 'builtin.module')
  if (!module) throw cursor.fault('module', 'an op builtin.module', top.ops[0]?.name ?? 'none')
  const { ops } = bodyOf(module)
  const functions = ops.flatMap((op) => (op.name === 'func' ? [readFunction(op, cursor)] : []))
  if (functions.length === 0 && ops.length > 0) {
    const hint = 'Export the model again with a version of JAX of 2024 or later.'
    throw malformed({ file: place, what: 'module', expected: 'functions of the dialect vhlo', actual: ops[0]!.name, hint })
  }
  return { functions }
}

function readFunction(op: MlirOp, cursor: Cursor): MlirFunction {
  const name = op.attrs.get('sym_name')
  const visibility = op.attrs.get('sym_visibility')
  const type = op.attrs.get('function_type')
  if (name?.kind !== 'string' || type?.kind !== 'type' || type.type.kind !== 'function') {
    throw cursor.fault('function', 'a name and a type of a function', `${name?.kind} and ${type?.kind}`)
  }
  const isPrivate = visibility?.kind === 'string' && visibility.value !== '' && visibility.value !== 'public'
  return { name: name.value, isPublic: !isPrivate, body: bodyOf(op), results: type.type.results }
}

function bodyOf(op: MlirOp): MlirBlock {
  return op.regions[0] ?? { arguments: [], ops: [] }
}
