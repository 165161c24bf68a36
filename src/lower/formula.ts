import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import type { AttrSchema, OpSpec } from '../ops/spec.ts'
import { elementwise } from './broadcast.ts'
import { constantOf } from './operands.ts'

/** A value, or a number that becomes a scalar of the other operands' type. */
export type Term = Value | number

/** Arithmetic as it is written in a formula: `f.div(f.sin(x), f.cos(x))`. Operands broadcast at any rank. */
export class Formula {
  readonly b: OpBuilder

  constructor(b: OpBuilder) {
    this.b = b
  }

  apply(spec: unknown, ...terms: readonly Term[]): Value {
    const values = terms.filter((t) => typeof t !== 'number')
    const like = values.find((v) => v.type.dtype !== 'bool') ?? values[0]!
    const operands = terms.map((t) => (typeof t === 'number' ? constantOf(this.b, like.type.dtype, [t]) : t))
    return elementwise(this.b, spec as OpSpec<string, AttrSchema>, operands)
  }

  add = (x: Term, y: Term): Value => this.apply(op.add, x, y)
  sub = (x: Term, y: Term): Value => this.apply(op.sub, x, y)
  mul = (x: Term, y: Term): Value => this.apply(op.mul, x, y)
  div = (x: Term, y: Term): Value => this.apply(op.div, x, y)
  max = (x: Term, y: Term): Value => this.apply(op.maximum, x, y)
  min = (x: Term, y: Term): Value => this.apply(op.minimum, x, y)
  floorDiv = (x: Term, y: Term): Value => this.apply(op.floorDiv, x, y)
  floorMod = (x: Term, y: Term): Value => this.apply(op.floorMod, x, y)
  less = (x: Term, y: Term): Value => this.apply(op.less, x, y)
  lessEqual = (x: Term, y: Term): Value => this.apply(op.lessEqual, x, y)
  greater = (x: Term, y: Term): Value => this.apply(op.greater, x, y)
  greaterEqual = (x: Term, y: Term): Value => this.apply(op.greaterEqual, x, y)
  equal = (x: Term, y: Term): Value => this.apply(op.equal, x, y)
  notEqual = (x: Term, y: Term): Value => this.apply(op.notEqual, x, y)
  and = (x: Value, y: Value): Value => this.apply(op.logicalAnd, x, y)
  or = (x: Value, y: Value): Value => this.apply(op.logicalOr, x, y)
  not = (x: Value): Value => this.b.op(op.logicalNot, [x])
  /** `x` where the condition holds, else `y`. */
  select = (condition: Value, x: Term, y: Term): Value => this.apply(op.selectV2, condition, x, y)
  abs = (x: Value): Value => this.b.op(op.abs, [x])
  neg = (x: Value): Value => this.b.op(op.neg, [x])
  exp = (x: Value): Value => this.b.op(op.exp, [x])
  log = (x: Value): Value => this.b.op(op.log, [x])
  sqrt = (x: Value): Value => this.b.op(op.sqrt, [x])
  sin = (x: Value): Value => this.b.op(op.sin, [x])
  cos = (x: Value): Value => this.b.op(op.cos, [x])
  floor = (x: Value): Value => this.b.op(op.floor, [x])
  square = (x: Value): Value => this.b.op(op.mul, [x, x])
  sum = (x: Value, axes: readonly number[], keepDims = false): Value => this.b.op(op.sum, [x, this.b.i32(axes)], { keepDims })
  /** c[0] * x^n + ... + c[n], by Horner's rule. */
  polynomial = (x: Value, coefficients: readonly number[]): Value =>
    coefficients.slice(1).reduce<Term>((sum, c) => this.add(this.mul(sum, x), c), coefficients[0]!) as Value
}
