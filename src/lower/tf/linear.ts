import { mulDims } from '../../core/dim.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { permute, reshapeTo } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/** The operand with its last two dims exchanged. */
function transposed(b: OpBuilder, x: Value): Value {
  const rank = x.type.shape.length
  return permute(b, x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2])
}

/** A constant matrix on the right becomes FULLY_CONNECTED with [O,I] weights, anything else BATCH_MATMUL. */
function product(b: OpBuilder, x: Value, y: Value, adjX: boolean, adjY: boolean): Value {
  if (y.data && y.type.shape.length === 2 && y.type.dtype === 'f32') {
    const left = adjX ? transposed(b, x) : x
    return b.op(op.fullyConnected, [left, adjY ? y : transposed(b, y), null], { keepNumDims: x.type.shape.length > 2 })
  }
  return b.op(op.batchMatmul, [x, y], { adjX, adjY })
}

function batchMatMul(n: SourceOp, b: OpBuilder): Value {
  if (n.in(0).type.dtype !== 'f32') n.reject(`only f32 is supported, found ${n.in(0).type.dtype}`)
  return product(b, n.in(0), n.in(1), n.bool('adj_x', false), n.bool('adj_y', false))
}

type Labels = readonly string[]

interface Equation {
  readonly left: Labels
  readonly right: Labels
  readonly result: Labels
}

/** Reads `abc,cd->abd`; `...` takes upper-case labels, aligned at the right. */
function readEquation(n: SourceOp): Equation {
  const [inputs, output] = n.string('equation').replaceAll(' ', '').split('->')
  const terms = inputs?.split(',') ?? []
  if (terms.length !== 2 || output === undefined) return n.reject('only equations of two operands with a result are supported')
  const spread = (term: string, rank: number): string[] => {
    const [before, after] = term.split('...')
    if (after === undefined) return [...term]
    const wild = rank - before!.length - after.length
    if (wild < 0) n.reject(`the operand of rank ${rank} does not fit "${term}"`)
    return [...before!, ...Array.from({ length: wild }, (_, i) => String.fromCharCode(0x100 + wild - i)), ...after]
  }
  const left = spread(terms[0]!, n.in(0).type.shape.length)
  const right = spread(terms[1]!, n.in(1).type.shape.length)
  const wild = [...new Set([...left, ...right])].filter((l) => l.charCodeAt(0) > 0xff).sort((a, b) => b.charCodeAt(0) - a.charCodeAt(0))
  const result = output.includes('...') ? [...output.split('...')[0]!, ...wild, ...output.split('...')[1]!] : [...output]
  for (const labels of [left, right, result])
    if (new Set(labels).size !== labels.length) n.reject('a label that occurs twice in one term is not supported')
  return { left, right, result }
}

/** Orders the dims of one operand by groups of labels. */
function arrange(b: OpBuilder, x: Value, labels: Labels, order: Labels): Value {
  return permute(
    b,
    x,
    order.map((l) => labels.indexOf(l)),
  )
}

/**
 * Einsum of two operands as one matrix product: labels are batch (in both and in the result), free (in one) or contracted (in both, not
 * in the result). A constant right operand without batch labels becomes FULLY_CONNECTED.
 */
function einsum(n: SourceOp, b: OpBuilder): Value {
  if (n.operands.length === 1) return einsumOfOne(n, b)
  const { left, right, result } = readEquation(n)
  const [x0, y0] = [n.in(0), n.in(1)]
  const x = { value: sumOut(b, x0, left, right, result), labels: left.filter((l) => right.includes(l) || result.includes(l)) }
  const y = { value: sumOut(b, y0, right, left, result), labels: right.filter((l) => left.includes(l) || result.includes(l)) }
  const batch = result.filter((l) => x.labels.includes(l) && y.labels.includes(l))
  const contracted = x.labels.filter((l) => y.labels.includes(l) && !result.includes(l))
  const freeX = result.filter((l) => x.labels.includes(l) && !y.labels.includes(l))
  const freeY = result.filter((l) => y.labels.includes(l) && !x.labels.includes(l))
  const size = (l: string): Dim => sizeOf(l, x.labels, x.value) ?? sizeOf(l, y.labels, y.value) ?? 1
  const sizes = (labels: Labels): Dim[] => labels.map(size)
  const merged = (labels: Labels): Dim => mulDims(...sizes(labels))

  const out = [...batch, ...freeX, ...freeY]
  let z: Value
  if (batch.length === 0 && y.value.data) {
    const lhs = reshapeTo(b, arrange(b, x.value, x.labels, [...freeX, ...contracted]), [...sizes(freeX), merged(contracted)])
    const rhs = reshapeTo(b, arrange(b, y.value, y.labels, [...contracted, ...freeY]), [merged(contracted), merged(freeY)])
    z = reshapeTo(b, product(b, lhs, rhs, false, false), sizes(out))
  } else {
    const lhs = reshapeTo(b, arrange(b, x.value, x.labels, [...batch, ...freeX, ...contracted]), [
      ...sizes(batch),
      merged(freeX),
      merged(contracted),
    ])
    const rhs = reshapeTo(b, arrange(b, y.value, y.labels, [...batch, ...contracted, ...freeY]), [
      ...sizes(batch),
      merged(contracted),
      merged(freeY),
    ])
    z = reshapeTo(b, b.op(op.batchMatmul, [lhs, rhs]), sizes(out))
  }
  return arrange(b, z, out, result)
}

/** `ab->ba`, `abc->b`: a sum and a permutation. */
function einsumOfOne(n: SourceOp, b: OpBuilder): Value {
  const [from, to] = n.string('equation').replaceAll(' ', '').split('->')
  const [labels, result] = [[...(from ?? '')], [...(to ?? '')]]
  const isPlain =
    to !== undefined &&
    /^[A-Za-z]*$/.test(from! + to) &&
    new Set(labels).size === labels.length &&
    labels.length === n.in(0).type.shape.length
  if (!isPlain || !result.every((l) => labels.includes(l)))
    return n.reject('only equations without repeated labels and "..." are supported for one operand')
  return arrange(
    b,
    sumOut(b, n.in(0), labels, [], result),
    labels.filter((l) => result.includes(l)),
    result,
  )
}

/** Sums over the dims that only this operand has and the result does not. */
function sumOut(b: OpBuilder, x: Value, labels: Labels, other: Labels, result: Labels): Value {
  const axes = labels.flatMap((l, i) => (other.includes(l) || result.includes(l) ? [] : [i]))
  return axes.length === 0 ? x : b.op(op.sum, [x, b.i32(axes)])
}

function sizeOf(label: string, labels: Labels, x: Value): Dim | undefined {
  const d = x.type.shape[labels.indexOf(label)]
  return d === 1 ? undefined : d
}

export const linear: LoweringRegistry = {
  MatMul: (n, b) => product(b, n.in(0), n.in(1), n.bool('transpose_a', false), n.bool('transpose_b', false)),
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BatchMatMulV3: batchMatMul,
  Einsum: einsum,
}
