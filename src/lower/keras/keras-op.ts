import { invariant } from '../../core/diagnostics.ts'
import { isJsonObject, type Json, member } from '../../core/json.ts'
import type { KerasCall, KerasLayer } from '../../import/source-graph.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { badAttribute } from '../diagnostics.ts'
import type { Lowering } from '../registry.ts'
import { SourceOp } from '../source-op.ts'

/** A call of a Keras layer while it is lowered: its configuration checked, its weights as constants. */
export class KerasOp extends SourceOp {
  readonly #call: KerasCall
  readonly #builder: OpBuilder

  constructor(n: SourceOp, b: OpBuilder) {
    super(n.node, n.operands)
    invariant(n.node.keras, `${n.node.op} is no call of a Keras layer`)
    this.#call = n.node.keras
    this.#builder = b
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

  /** Rank of the first operand. */
  get rank(): number {
    return this.x.type.shape.length
  }

  /** A weight by Keras 3's name; undefined where the layer has none (no bias, no scale). */
  weight(name: string): Value | undefined {
    const w = this.keras.weights.get(name)
    return w && this.#builder.const(`${this.keras.name}/${name}`, w.dtype, w.shape, w.data)
  }

  /** A weight that must be there. */
  required(name: string): Value {
    return this.weight(name) ?? this.reject(`the file holds no weight "${name}"`)
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

  /** A list of numbers. */
  numbers(name: string): readonly number[] {
    const v = this.config(name)
    if (!Array.isArray(v) || !v.every((n) => Number.isInteger(n))) throw this.#bad(name, 'a list of integers', v)
    return v as readonly number[]
  }

  /** `[h, w]` of a window option: a pair or one number for both. */
  pair(name: string, def: number): [number, number] {
    const v = this.config(name) ?? def
    if (typeof v === 'number') return [v, v]
    const list = this.numbers(name)
    if (list.length !== 2) throw this.#bad(name, 'two integers', v)
    return [list[0]!, list[1]!]
  }

  /** Stops for data formats other than channels last. */
  requireChannelsLast(): void {
    if (this.text('data_format', 'channels_last') !== 'channels_last') this.reject('only data_format channels_last is supported')
  }

  #typed(name: string, type: 'number' | 'boolean' | 'string', expected: string, def: unknown): unknown {
    const v = this.config(name) ?? def
    if (typeof v !== type) throw this.#bad(name, expected, v as Json | undefined)
    return v
  }

  #bad(name: string, expected: string, v: Json | undefined) {
    return badAttribute(this.keras.className, this.layer, name, expected, JSON.stringify(v ?? null).slice(0, 80))
  }
}

/** A registry entry from a function that sees the layer. */
export function layer(lower: (k: KerasOp, b: OpBuilder) => Value): Lowering {
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
