import type { DType } from '../core/dtype.ts'
import { normalizeAxis } from '../core/shape.ts'
import type { NumericConst, SourceAttr, SourceGraph, SourceLibrary, SourceNode } from '../import/source-graph.ts'
import type { Value } from '../ir/types.ts'
import { formatType } from '../ops/diagnostics.ts'
import { constInts } from '../ops/view.ts'
import { badAttribute, unsupportedForm } from './diagnostics.ts'
import type { NodeOutcome } from './outcome.ts'
import { Scope } from './scope.ts'

/** Where a node is lowered. */
export interface LoweringContext {
  readonly scope: Scope
  /** The functions that attributes of the node may name. */
  readonly functions: SourceLibrary
  /** Where to say what became of the nodes of bodies. */
  readonly outcomes: NodeOutcome[]
  /** Results that something reads; all of them where it is not said. */
  readonly read?: ReadonlySet<number>
}

/** For a node on its own: what calls functions cannot be lowered so. */
export function loneContext(): LoweringContext {
  const functions: SourceLibrary = {
    has: () => false,
    names: () => [],
    load: (name) => {
      throw unsupportedForm(name, undefined, 'the function is not at hand')
    },
  }
  return { scope: new Scope({ lowerNodes: () => [] }), functions, outcomes: [] }
}

/** A source node while it is lowered: its operands as values, its attributes checked. Every accessor throws for a damaged file. */
export class SourceOp {
  readonly node: SourceNode
  readonly operands: readonly Value[]
  readonly context: LoweringContext

  constructor(node: SourceNode, operands: readonly Value[], context: LoweringContext = loneContext()) {
    this.node = node
    this.operands = operands
    this.context = context
  }

  get scope(): Scope {
    return this.context.scope
  }

  /** The body of the function that an attribute names, called with these operands. */
  function(attribute: string, args: readonly Value[]): SourceGraph {
    const a = this.node.attrs.get(attribute)
    if (a?.kind !== 'func') throw badAttribute(this.node.op, this.layer, attribute, 'a function', a?.kind ?? 'none')
    return this.#load(a.value, args)
  }

  /** The same for a list of functions. */
  functions(attribute: string, args: readonly Value[]): SourceGraph[] {
    const a = this.node.attrs.get(attribute)
    if (a?.kind !== 'funcs') throw badAttribute(this.node.op, this.layer, attribute, 'a list of functions', a?.kind ?? 'none')
    return a.value.map((name) => this.#load(name, args))
  }

  #load(name: string, args: readonly Value[]): SourceGraph {
    const graph = this.scope.load(this.context.functions, name, args)
    if (graph.inputs.length !== args.length) this.reject(`the function ${name} takes ${graph.inputs.length} operands, not ${args.length}`)
    return graph
  }

  /** Whether something reads a result. */
  isRead(output: number): boolean {
    return this.context.read?.has(output) ?? true
  }

  get layer(): string | undefined {
    return this.node.layer[0]
  }

  /** Operand by position; throws when the file has fewer. */
  in(i: number): Value {
    return this.operands[i] ?? this.reject(`operand ${i} is missing`)
  }

  /** The same node on other operands. */
  with(operands: readonly Value[]): SourceOp {
    return new SourceOp(this.node, operands, this.context)
  }

  /** Stops: this form of the op is not supported. */
  reject(reason: string, hint?: string): never {
    throw unsupportedForm(this.node.op, this.layer, reason, hint)
  }

  /** Integers of a constant operand. */
  ints(i: number, what: string): readonly number[] {
    return constInts(this.in(i)) ?? this.reject(`${what} must be constant, found ${formatType(this.in(i).type)} computed at run time`)
  }

  /** An axis operand or attribute in `[0, rank)`. */
  axis(value: number, rank: number): number {
    return normalizeAxis(value, rank) ?? this.reject(`axis ${value} is out of range for rank ${rank}`)
  }

  has(name: string): boolean {
    return this.node.attrs.has(name)
  }

  int(name: string, def?: number): number {
    return this.#get(name, 'int', def)
  }

  float(name: string, def?: number): number {
    return this.#get(name, 'float', def)
  }

  bool(name: string, def?: boolean): boolean {
    return this.#get(name, 'bool', def)
  }

  string(name: string, def?: string): string {
    return this.#get(name, 'string', def)
  }

  type(name: string, def?: DType): DType {
    return this.#get(name, 'type', def) ?? this.reject(`${name} is a type that LiteRT does not have`)
  }

  /** A list of integers, of a given length when `length` is given. */
  list(name: string, length?: number): readonly number[] {
    const a = this.node.attrs.get(name)
    const value = a?.kind === 'empty-list' ? [] : a?.kind === 'ints' ? a.value : undefined
    if (!value || (length !== undefined && value.length !== length && !(value.length === 0 && a?.kind === 'empty-list'))) {
      throw badAttribute(
        this.node.op,
        this.layer,
        name,
        length === undefined ? 'a list of integers' : `${length} integers`,
        value ? `${value.length}` : (a?.kind ?? 'none'),
      )
    }
    return value
  }

  /** A list of floats. */
  floats(name: string): readonly number[] {
    const a = this.node.attrs.get(name)
    if (a?.kind === 'empty-list') return []
    if (a?.kind !== 'floats') throw badAttribute(this.node.op, this.layer, name, 'a list of numbers', a?.kind ?? 'none')
    return a.value
  }

  /** The value of a `Const` node. */
  constant(): NumericConst {
    const v = this.node.value
    if (!v) throw badAttribute(this.node.op, this.layer, 'value', 'a tensor', 'none')
    if (v.dtype === 'string') return this.reject('string constants are not supported')
    return v as NumericConst
  }

  #get<K extends SourceAttr['kind'], V>(name: string, kind: K, def: V | undefined): V {
    const a = this.node.attrs.get(name)
    if (!a) {
      if (def !== undefined) return def
      throw badAttribute(this.node.op, this.layer, name, `a ${kind}`, 'none')
    }
    if (a.kind !== kind) throw badAttribute(this.node.op, this.layer, name, `a ${kind}`, a.kind)
    return (a as unknown as { value: V }).value
  }
}
