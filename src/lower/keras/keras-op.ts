import { invariant } from '../../core/diagnostics.ts'
import { type DType, isInteger } from '../../core/dtype.ts'
import { isJsonObject, type Json, member } from '../../core/json.ts'
import type { KerasCall, KerasLayer } from '../../import/source-graph.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { badAttribute } from '../diagnostics.ts'
import { castTo, permute, toF32 } from '../operands.ts'
import type { Lowering } from '../registry.ts'
import { SourceOp } from '../source-op.ts'

/** A call of a Keras layer while it is lowered: its configuration checked, its weights as constants. */
export class KerasOp extends SourceOp {
  readonly #call: KerasCall
  readonly #builder: OpBuilder

  constructor(n: SourceOp, b: OpBuilder) {
    super(n.node, asStated(n, b), n.context)
    invariant(n.node.keras, `${n.node.op} is no call of a Keras layer`)
    this.#call = n.node.keras
    this.#builder = b
    const computed = computeType(n.node.keras.layer.config)
    if (computed) n.scope.narrowings.note(this.layer, computed, 'f32')
  }

  get keras(): KerasLayer {
    return this.#call.layer
  }

  override get layer(): string {
    return this.keras.name
  }

  /** The only operand of a layer that takes one. */
  get x(): Value {
    return this.in(0)
  }

  /** The same as f32: layers compute in floats, also where the file says float16. */
  get f32(): Value {
    return toF32(this.#builder, this.x)
  }

  /** Runs `work` on floats and gives integers back where the layer is called with them: Keras casts other floats alone. */
  keepingIntegers(work: (x: Value) => Value, x = this.x): Value {
    const { dtype } = x.type
    const y = work(toF32(this.#builder, x))
    return isInteger(dtype) ? castTo(this.#builder, y, dtype) : y
  }

  /** Rank of the first operand. */
  get rank(): number {
    return this.x.type.shape.length
  }

  /** A weight by Keras 3's name, f32 whatever the file stores; undefined where the layer has none (no bias, no scale). */
  weight(name: string): Value | undefined {
    const w = this.keras.weights.get(name)
    return w && toF32(this.#builder, this.#builder.const(`${this.keras.name}/${name}`, w.dtype, w.shape, w.data))
  }

  /** A weight that must be there. */
  required(name: string): Value {
    return this.weight(name) ?? this.reject(`the file holds no weight "${name}"`)
  }

  /** An argument of the call by position or name, as the file states it; null and absent are undefined. */
  argument(position: number, name: string): Json | undefined {
    const v = this.#call.args[position] ?? member(this.#call.kwargs, name)
    return v === null ? undefined : v
  }

  /** A tensor among the arguments; undefined when it is not given. */
  tensor(position: number, name: string): Value | undefined {
    return this.operandOf(this.argument(position, name))
  }

  /** A list of tensors among the arguments, `undefined` for those that are not given. */
  tensors(position: number, name: string): readonly (Value | undefined)[] {
    const v = this.argument(position, name)
    return v === undefined ? [] : Array.isArray(v) ? (v as readonly Json[]).map((t) => this.operandOf(t)) : [this.operandOf(v)]
  }

  /** The operand a serialized argument refers to. */
  operandOf(v: Json | undefined): Value | undefined {
    const i = v !== undefined && isJsonObject(v) ? member(v, 'input') : undefined
    return typeof i === 'number' ? this.in(i) : undefined
  }

  config(name: string): Json | undefined {
    return member(this.keras.config, name)
  }

  num(name: string, def?: number): number {
    return this.#typed(name, 'number', 'a number', def) as number
  }

  flag(name: string, def: boolean): boolean {
    return this.#typed(name, 'boolean', 'true or false', def) as boolean
  }

  text(name: string, def?: string): string {
    return this.#typed(name, 'string', 'a string', def) as string
  }

  /** A list of integers. */
  numbers(name: string): readonly number[] {
    const v = this.config(name)
    if (!Array.isArray(v) || !v.every((n) => Number.isInteger(n))) throw this.bad(name, 'a list of integers', v)
    return v as readonly number[]
  }

  /** Axes in `[0, rank)` from one integer or a list. */
  axes(name: string, def: number): readonly number[] {
    const v = this.config(name) ?? def
    return (typeof v === 'number' ? [v] : this.numbers(name)).map((a) => this.axis(a, this.rank))
  }

  /** `count` integers of a window option, or one for all. */
  sizes(name: string, count: number, def: number): number[] {
    const v = this.config(name) ?? def
    if (Number.isInteger(v)) return new Array<number>(count).fill(v as number)
    const list = this.numbers(name)
    if (list.length === 1) return new Array<number>(count).fill(list[0]!)
    if (list.length !== count) throw this.bad(name, `${count} integers`, v)
    return [...list]
  }

  get isChannelsFirst(): boolean {
    const format = this.text('data_format', 'channels_last')
    if (format !== 'channels_last' && format !== 'channels_first') this.reject(`data_format ${format} is not supported`)
    return format === 'channels_first'
  }

  /** Runs `work` on channels-last data; channels-first operands and results are transposed around it. */
  channelsLast(x: Value, work: (x: Value) => Value): Value {
    const rank = x.type.shape.length
    if (!this.isChannelsFirst || rank < 3) return work(x)
    const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 2)
    const y = work(permute(this.#builder, x, [0, ...spatial, 1]))
    const last = y.type.shape.length - 1
    return last < 2 ? y : permute(this.#builder, y, [0, last, ...Array.from({ length: last - 1 }, (_, i) => i + 1)])
  }

  bad(name: string, expected: string, v: Json | undefined) {
    return badAttribute(this.keras.className, this.layer, name, expected, JSON.stringify(v ?? null).slice(0, 80))
  }

  #typed(name: string, type: 'number' | 'boolean' | 'string', expected: string, def: unknown): unknown {
    const v = this.config(name) ?? def
    if (typeof v !== type) throw this.bad(name, expected, v as Json | undefined)
    return v
  }
}

/** Operands that the call states as floats, as floats: an operation may have given integers for them. */
function asStated(n: SourceOp, b: OpBuilder): readonly Value[] {
  const stated = new Set<number>()
  const look = (v: Json): void => {
    if (Array.isArray(v)) for (const item of v as readonly Json[]) look(item)
    else if (isJsonObject(v) && member(v, 'isFloat') === true) stated.add(member(v, 'input') as number)
  }
  look(n.node.keras?.args ?? [])
  look(Object.values(n.node.keras?.kwargs ?? {}))
  const isOther = (v: Value, i: number): boolean => stated.has(i) && (isInteger(v.type.dtype) || v.type.dtype === 'bool')
  return n.operands.some(isOther) ? n.operands.map((v, i) => (isOther(v, i) ? toF32(b, v) : v)) : n.operands
}

/** What helps where a layer needs sizes that the model leaves open. */
export const fixTheShape = 'Fix it, for example with --shape NAME=1,224,224,3, or state it where the model is built.'

/** A registry entry from a function that sees the layer. */
export function layer(lower: (k: KerasOp, b: OpBuilder) => Value | readonly Value[]): Lowering {
  return (n, b) => lower(new KerasOp(n, b), b)
}

/** `name` of a serialized object: a plain string, or `{class_name, config}`. */
export function serializedName(v: Json | undefined): string | undefined {
  if (typeof v === 'string') return v
  if (!v || !isJsonObject(v)) return undefined
  const inner = member(v, 'config')
  const name = typeof inner === 'string' ? inner : member(v, 'class_name')
  return typeof name === 'string' ? name : undefined
}

/** The float type that a policy states for the layer, where it is not f32: `float64`, `mixed_float16`, `{config: {name}}`. */
function computeType(config: KerasLayer['config']): DType | undefined {
  const stated = member(config, 'dtype')
  const policy = isJsonObject(stated) ? member(stated, 'config') : undefined
  const name = isJsonObject(policy) ? member(policy, 'name') : stated
  return typeof name === 'string' ? otherFloats.get(name.replace(/^mixed_/, '')) : undefined
}

const otherFloats: ReadonlyMap<string, DType> = new Map([
  ['float16', 'f16'],
  ['bfloat16', 'bf16'],
  ['float64', 'f64'],
])
