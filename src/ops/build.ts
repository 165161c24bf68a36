import { type ConstData, constFromBytes } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { bytesOf, type DType } from '../core/dtype.ts'
import { type Dim, isRepresentable, isStatic, type Shape } from '../core/shape.ts'
import { GraphEditor } from '../ir/graph.ts'
import { type Attrs, type Graph, noOrigin, type Origin, type TensorType, type Value } from '../ir/types.ts'
import { type BodyTable, hasEffect } from './bodies.ts'
import { badOperands, beyond32Bits, formatType } from './diagnostics.ts'
import { defaultFoldLimitBytes, foldConstants, foldDims, passesOn } from './fold.ts'
import { cast } from './shape/cast.ts'
import type { AttrSchema, AttrsIn, AttrsOf, OpSpec } from './spec.ts'
import { viewNode } from './view.ts'

/** A type that every kernel of numbers takes, and that holds each element of the other. */
const carriers: Readonly<Partial<Record<DType, DType>>> = {
  ...{ bool: 'i32', i4: 'i8', i8: 'i32', u8: 'i32', i16: 'i32', u16: 'i32', u32: 'i64', f16: 'f32', bf16: 'f32' },
}

/** What a graph that is called takes: any value, of which the name and what is known of its elements matter. */
export type Argument = Pick<Value, 'name' | 'type' | 'dims'>

/** A graph that nodes of another may call. */
export interface Body {
  /** Its number in the model. */
  readonly index: number
  readonly graph: Graph
  readonly results: readonly TensorType[]
}

export interface BuilderOptions {
  /** Takes the graphs that nodes of this one call; without it there can be none. */
  readonly bodies?: BodyTable | undefined
  /** Whether the graph is one that nodes of another call. Default false. */
  readonly isBody?: boolean
  /** How many bytes a fold may add, see `FoldOptions`. Default: 64 KiB. */
  readonly foldLimitBytes?: number | undefined
  /** Grids that a model was trained on become QUANTIZE and DEQUANTIZE, for an integer mode to read, also where halves round otherwise. */
  readonly keepGrids?: boolean | undefined
}

/**
 * Adds nodes to a graph through their records: operands are checked, result types inferred, and what
 * is constant, or known of symbolic shapes, is folded.
 */
export class OpBuilder {
  readonly graph: GraphEditor
  readonly #options: BuilderOptions
  #origin: Origin = noOrigin
  #name = ''

  constructor(graph: GraphEditor, options: BuilderOptions = {}) {
    this.graph = graph
    this.#options = options
  }

  /** Whether the graph is one that nodes of another call. */
  get isBody(): boolean {
    return this.#options.isBody === true
  }

  get keepsGrids(): boolean {
    return this.#options.keepGrids === true
  }

  get bodies(): BodyTable {
    invariant(this.#options.bodies, 'no bodies can be made here')
    return this.#options.bodies
  }

  get origin(): Origin {
    return this.#origin
  }

  /** Base name of the values being made. */
  get name(): string {
    return this.#name
  }

  /** Everything added by `work` comes from this source, and its results take this name. */
  at<T>(origin: Origin, name: string, work: () => T): T {
    const saved = [this.#origin, this.#name] as const
    this.#origin = origin
    this.#name = name
    try {
      return work()
    } finally {
      ;[this.#origin, this.#name] = saved
    }
  }

  /** Adds an op with one result. Throws `lower/bad-operands`. */
  op<A extends AttrSchema>(spec: OpSpec<string, A>, inputs: readonly (Value | null)[], attrs?: AttrsIn<A>): Value {
    const results = this.ops(spec, inputs, attrs)
    invariant(results.length === 1, `${spec.name} has ${results.length} results`)
    return results[0]!
  }

  /** Adds an op and returns all its results; `declared` are their types where operands do not tell them. Throws `lower/bad-operands`. */
  ops<A extends AttrSchema>(
    spec: OpSpec<string, A>,
    inputs: readonly (Value | null)[],
    attrs?: AttrsIn<A>,
    declared?: readonly TensorType[],
  ): Value[] {
    const carried = this.#carried(spec, inputs, attrs)
    if (carried) return carried
    const full = withDefaults(spec, (attrs ?? {}) as Partial<AttrsOf<A>>)
    checkOperands(spec, inputs, this.#origin)
    checkNumbers(spec, full, this.#origin)
    const view = viewNode(spec, full, inputs, this.#origin, declared)
    const types = spec.infer(view as never)
    for (const t of types) if (!isRepresentable(t.shape)) view.fail(`its result would be ${formatType(t)}`)
    const folded = foldConstants(spec, full, inputs, types, {
      limitBytes: this.#options.foldLimitBytes ?? defaultFoldLimitBytes,
      origin: this.#origin,
    })
    if (folded) {
      const name = inputs.find((v) => v?.data)?.name ?? ''
      return folded.map((data, i) => this.const(name, types[i]!.dtype, types[i]!.shape, data))
    }
    // Kernels divide by sizes, and delegates refuse them. Where a size is open the shape must be found from it.
    if (!spec.sideEffect && types.length > 0 && types.every(isEmpty) && inputs.every((v) => !v || isStatic(v.type.shape)))
      return types.map(({ dtype, shape }) => this.const('', dtype, shape, constFromBytes(new Uint8Array(0))))
    const dims = foldDims(spec, full, inputs, types)
    const sizes = dims?.map((d, i) => this.#known(types[i], d))
    if (sizes?.length === types.length && sizes.every((v) => v !== undefined)) return sizes
    const results = types.map((type, i) => ({ name: this.#name || spec.name, type, ...(dims?.[i] ? { dims: dims[i] } : {}) }))
    return this.graph.addNode({ op: spec.name, attrs: full, inputs, results, origin: this.#origin }).results
  }

  /** Elements of a type that the kernel does not take pass through it in one that holds them all, when it only passes them on. */
  #carried<A extends AttrSchema>(spec: OpSpec<string, A>, inputs: readonly (Value | null)[], attrs?: AttrsIn<A>): Value[] | undefined {
    const takes = (i: number) => spec.operands[Math.min(i, spec.operands.length - 1)]?.dtypes ?? []
    const at = inputs.findIndex((v, i) => v && passesOn(spec as OpSpec, i) && !takes(i).includes(v.type.dtype))
    const dtype = inputs[at]?.type.dtype
    const carrier = dtype && carriers[dtype]
    if (!carrier || inputs[at]?.type.quant || !takes(at).includes(carrier)) return undefined
    const isPassed = (v: Value | null, i: number): v is Value => v?.type.dtype === dtype && passesOn(spec as OpSpec, i)
    const wide = inputs.map((v, i) => (isPassed(v, i) ? this.op(cast, [v], { to: carrier }) : v))
    return this.ops(spec, wide, attrs).map((v) => this.op(cast, [v], { to: dtype }))
  }

  /** Elements that are all known sizes, or truths about sizes, as a constant. */
  #known(type: TensorType | undefined, dims: readonly Dim[] | undefined): Value | undefined {
    if (!type || !dims?.every((d) => typeof d === 'number')) return undefined
    if (type.dtype === 'i32') return dims.every((d) => d === (d | 0)) ? this.i32(dims, type.shape) : undefined
    if (type.dtype === 'bool') return this.const('', 'bool', type.shape, constFromBytes(Uint8Array.from(dims)))
    if (type.dtype !== 'i64') return undefined
    return this.const('', 'i64', type.shape, constFromBytes(bytesOf(BigInt64Array.from(dims, BigInt))))
  }

  /**
   * A graph that a node calls, such as the body of a loop: `build` gets a builder for it and the arguments as values, and gives the
   * results. It can use no values of this graph; `copy` brings constants over. The index is what the node's attribute holds.
   */
  body(name: string, args: readonly Argument[], build: (b: OpBuilder, args: readonly Value[]) => readonly Value[]): Body {
    // Names of unknown sizes hold numbers of values: those that come in from outside must not be taken anew.
    const editor = new GraphEditor(name, this.graph.nextValue)
    const inner = new OpBuilder(editor, { ...this.#options, isBody: true })
    const values = args.map(({ name, type: { dtype, shape }, dims }) => {
      const v = editor.addInput(name, { dtype, shape })
      return dims ? editor.updateValue(v.id, { dims }) : v
    })
    const results = inner.at(this.#origin, this.#name, () => build(inner, values))
    editor.setOutputs(results.map((v) => v.id))
    editor.removeDead(hasEffect)
    const graph = editor.finish()
    return { index: this.bodies.add(graph), graph, results: results.map((v) => v.type) }
  }

  /** A constant of another graph in this one. */
  copy(constant: Value): Value {
    invariant(constant.data, `"${constant.name}" is no constant`)
    return this.const(constant.name, constant.type.dtype, constant.type.shape, constant.data)
  }

  /** A constant over existing bytes, little-endian, row-major. */
  const(name: string, dtype: DType, shape: Shape, data: ConstData): Value {
    return this.graph.addConst(name || this.#name || 'const', { dtype, shape }, data)
  }

  /** An i32 constant vector; a scalar with `shape: []`. Throws `lower/beyond-32-bits`. */
  i32(values: readonly number[], shape: Shape = [values.length], name = ''): Value {
    const bad = values.find((v) => v !== (v | 0))
    if (bad !== undefined) throw beyond32Bits(this.#origin, bad)
    return this.const(name, 'i32', shape, constFromBytes(bytesOf(Int32Array.from(values))))
  }

  f32(values: readonly number[], shape: Shape = [], name = ''): Value {
    return this.const(name, 'f32', shape, constFromBytes(bytesOf(Float32Array.from(values))))
  }
}

const isEmpty = (t: TensorType): boolean => !t.quant && isStatic(t.shape) && t.shape.includes(0)

/** Attributes with the record's defaults filled in. */
export function withDefaults<A extends AttrSchema>(spec: OpSpec<string, A>, attrs: Partial<AttrsOf<A>>): Attrs {
  const full: Record<string, unknown> = {}
  for (const [key, a] of Object.entries(spec.attrs)) {
    const value = attrs[key] ?? ('default' in a ? a.default : undefined)
    invariant(value !== undefined, `${spec.name} needs the attribute ${key}`)
    full[key] = value
  }
  for (const key of Object.keys(attrs)) invariant(key in spec.attrs, `${spec.name} has no attribute ${key}`)
  return full as Attrs
}

/** Whole numbers among the attributes are stored as int32. */
function checkNumbers(spec: OpSpec, attrs: Attrs, origin: Origin): void {
  for (const [key, { kind }] of Object.entries(spec.attrs)) {
    if (kind !== 'i32' && kind !== 'i32s' && kind !== 'i32-tuple') continue
    const bad = [attrs[key] as number | readonly number[]].flat().find((v) => v !== (v | 0))
    if (bad !== undefined) throw beyond32Bits(origin, bad)
  }
}

function checkOperands(spec: OpSpec, inputs: readonly (Value | null)[], origin: Origin): void {
  const fail = (reason: string) =>
    badOperands(
      spec.name,
      origin,
      inputs.map((v) => v?.type ?? null),
      reason,
    )
  const last = spec.operands.at(-1)
  if (inputs.length > spec.operands.length && !last?.variadic) throw fail(`it takes ${spec.operands.length} operands, not ${inputs.length}`)
  const count = Math.max(inputs.length, spec.operands.length - (last?.variadic ? 1 : 0))
  for (let i = 0; i < count; i++) {
    const o = spec.operands[Math.min(i, spec.operands.length - 1)]!
    const v = inputs[i] ?? null
    if (v === null) {
      if (!o.optional) throw fail(`operand ${o.name} is missing`)
    } else if (!o.dtypes.includes(v.type.dtype)) {
      throw fail(`operand ${o.name} must be ${o.dtypes.join(', ')}`)
    }
  }
}
