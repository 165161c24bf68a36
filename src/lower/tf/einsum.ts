import { mulDims } from '../../core/dim.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { permute, reshapeTo, sizes } from '../operands.ts'
import type { SourceOp } from '../source-op.ts'
import { product } from './linear.ts'

type Labels = readonly string[]

interface Operand {
  readonly value: Value
  readonly labels: Labels
}

/** Dims that `...` stands for, aligned at the right; their labels are no letters. */
const wildcard = (fromRight: number): string => String.fromCharCode(0x100 + fromRight)
const isWild = (label: string): boolean => label.charCodeAt(0) > 0xff

function spread(n: SourceOp, term: string, rank: number): string[] {
  const [before, after, ...more] = term.split('...')
  if (more.length > 0 || /[^A-Za-z]/.test(before! + (after ?? ''))) n.reject(`"${term}" is no term of an equation`)
  const letters = before!.length + (after?.length ?? 0)
  if (after === undefined ? letters !== rank : letters > rank) n.reject(`the operand of rank ${rank} does not fit "${term}"`)
  return after === undefined
    ? [...term]
    : [...before!, ...Array.from({ length: rank - letters }, (_, i) => wildcard(rank - letters - i)), ...after]
}

/** Reads `abc,cd->abd`. Without a result it holds what `...` stands for and, sorted, every label that occurs once. */
function readEquation(n: SourceOp): { terms: readonly Labels[]; result: Labels } {
  const [inputs, output, ...more] = n.string('equation').replaceAll(' ', '').split('->')
  const texts = inputs!.split(',')
  if (texts.length !== n.operands.length || more.length > 0)
    n.reject(`the equation "${n.string('equation')}" does not fit ${n.operands.length} operands`)
  const terms = texts.map((t, i) => spread(n, t, n.in(i).type.shape.length))
  const all = terms.flat()
  const wild = [...new Set(all.filter(isWild))].sort().reverse()
  if (output === undefined)
    return { terms, result: [...wild, ...all.filter((l) => !isWild(l) && all.indexOf(l) === all.lastIndexOf(l)).sort()] }
  const [before, after] = output.split('...')
  const result = after === undefined ? [...before!] : [...before!, ...wild, ...after]
  if (new Set(result).size !== result.length || !result.every((l) => all.includes(l))) n.reject(`"${output}" is no result of the equation`)
  return { terms, result }
}

/** Orders the dims of one operand by groups of labels. */
function arrange(b: OpBuilder, x: Operand, order: Labels): Value {
  return permute(
    b,
    x.value,
    order.map((l) => x.labels.indexOf(l)),
  )
}

/** A label that occurs twice in one term picks the diagonal of the two dims. */
function diagonals(n: SourceOp, b: OpBuilder, x: Operand): Operand {
  const twice = x.labels.find((l, i) => x.labels.indexOf(l) !== i)
  if (twice === undefined) return x
  const [first, second] = x.labels.flatMap((l, i) => (l === twice ? [i] : [])) as [number, number]
  const size = x.value.type.shape[first]
  if (typeof size !== 'number' || size !== x.value.type.shape[second]) return n.reject(`the sizes of "${twice}" must be known and equal`)
  const rest = x.labels.flatMap((_, i) => (i === first || i === second ? [] : [i]))
  const square = permute(b, x.value, [...rest, first, second])
  const flat = reshapeTo(b, square, [...rest.map((i) => x.value.type.shape[i]!), size * size])
  const diagonal = b.op(op.gather, [flat, b.i32(Array.from({ length: size }, (_, i) => i * (size + 1)))], { axis: rest.length })
  return diagonals(n, b, { value: diagonal, labels: [...rest.map((i) => x.labels[i]!), twice] })
}

/** Sums over the dims that nothing else has. */
function sumOut(b: OpBuilder, x: Operand, kept: Labels): Operand {
  const axes = x.labels.flatMap((l, i) => (kept.includes(l) ? [] : [i]))
  if (axes.length === 0) return x
  return { value: b.op(op.sum, [x.value, b.i32(axes)]), labels: x.labels.filter((l) => kept.includes(l)) }
}

/** Operands are multiplied two by two from the left; dims are summed as soon as nothing else needs them. */
export function einsum(n: SourceOp, b: OpBuilder): Value {
  const { terms, result } = readEquation(n)
  const operands = terms.map((labels, i) => diagonals(n, b, { value: n.in(i), labels }))
  const kept = (from: number) => [...result, ...operands.slice(from).flatMap((o) => o.labels)]
  let x = sumOut(b, operands[0]!, kept(1))
  for (let i = 1; i < operands.length; i++) {
    const rest = kept(i + 1)
    const y = sumOut(b, operands[i]!, [...x.labels, ...rest])
    x = multiply(b, sumOut(b, x, [...y.labels, ...rest]), y, rest)
  }
  return arrange(b, x, result)
}

/**
 * Two operands as one matrix product: labels are batch (in both and kept), free (in one) or contracted (in both, not kept). A constant
 * right operand without batch labels becomes FULLY_CONNECTED.
 */
function multiply(b: OpBuilder, x: Operand, y: Operand, kept: Labels): Operand {
  const shared = x.labels.filter((l) => y.labels.includes(l))
  const inOrder = (ls: Labels): Labels => [...ls].sort((p, q) => kept.indexOf(p) - kept.indexOf(q))
  const batch = inOrder(shared.filter((l) => kept.includes(l)))
  const contracted = shared.filter((l) => !kept.includes(l))
  const freeX = inOrder(x.labels.filter((l) => !y.labels.includes(l)))
  const freeY = inOrder(y.labels.filter((l) => !x.labels.includes(l)))
  const labels = [...batch, ...freeX, ...freeY]
  const sizeIn = (o: Operand, l: string): Dim | undefined => o.value.type.shape[o.labels.indexOf(l)]
  const size = (l: string): Dim => [sizeIn(x, l), sizeIn(y, l)].find((d) => d !== undefined && d !== 1) ?? 1
  const list = (ls: Labels): Dim[] => ls.map(size)
  // Where `...` broadcasts, a batch dim of one operand may have size 1, and sizes found at run time have a name in each.
  const own = (o: Operand, ls: Labels): Dim[] => ls.map((l) => sizeIn(o, l)!)
  const merged = (o: Operand, ls: Labels): Dim => mulDims(...own(o, ls))
  const shaped = (z: Value): Value => {
    const target = list(labels)
    const symbolic = target.filter((d) => typeof d === 'string').length
    const from = symbolic > 1 ? sizes(b, target, [x.value, y.value]) : undefined
    return from ? b.op(op.reshape, [z, from]) : reshapeTo(b, z, target)
  }

  if (batch.length === 0 && y.value.data) {
    const left = reshapeTo(b, arrange(b, x, [...freeX, ...contracted]), [
      ...(freeX.length > 0 ? own(x, freeX) : [1]),
      merged(x, contracted),
    ])
    const right = reshapeTo(b, arrange(b, y, [...contracted, ...freeY]), [merged(y, contracted), merged(y, freeY)])
    return { value: shaped(product(b, left, right, false, false)), labels }
  }
  const left = reshapeTo(b, arrange(b, x, [...batch, ...freeX, ...contracted]), [...own(x, batch), merged(x, freeX), merged(x, contracted)])
  const right = reshapeTo(b, arrange(b, y, [...batch, ...contracted, ...freeY]), [
    ...own(y, batch),
    merged(y, contracted),
    merged(y, freeY),
  ])
  return { value: shaped(product(b, left, right, false, false)), labels }
}
