import { type Dim, elementCount, isStatic, sameShape } from '../core/shape.ts'

import { GraphEditor } from '../ir/graph.ts'
import type { Graph, Node, Value, ValueId } from '../ir/types.ts'
import { constInts, knownDims } from '../ops/view.ts'
import { isSplat } from './constants.ts'

/** Rows (from `row`) and columns (from `column`) of a constant of the body, for one gate. */
export interface Part {
  readonly constant: Value
  readonly row: number
  readonly column: number
}

/** What a gate sums up before its activation. */
export interface Gate {
  readonly input: Part
  readonly recurrent: Part
  readonly bias: readonly Part[]
}

/** What a variable of the loop holds after it. */
export type Kept = 'last' | 'all' | 'other'

/** A loop that is an LSTM layer over a sequence `[T,B,I]`, or `[B,T,I]`. Numbers are those of variables of the loop. */
export interface LstmLoop {
  readonly sequence: number
  readonly timeMajor: boolean
  readonly hidden: number
  readonly cell: number
  readonly batch: number
  readonly channels: number
  readonly units: number
  /** In the order input, forget, cell, output. */
  readonly gates: readonly [Gate, Gate, Gate, Gate]
  readonly kept: readonly Kept[]
}

/** Why a loop over the steps of an LSTM cell is no layer that one op can stand for. */
export interface LstmMiss {
  readonly reason: string
}

/**
 * What a loop over an LSTM cell is as a layer: cells of logistic gates and tanh, in any order of the gates and of the operands of sums and
 * products, which takes one step of a sequence in each round. undefined for loops around anything else. Where its states begin and which
 * results are read is for the caller to look at. `operands` are what the loop begins with.
 * @see Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; tf_keras layers/rnn/lstm.py standard_lstm
 */
export function recognizeLstm(cond: Graph, step: Graph, operands: readonly Value[]): LstmLoop | LstmMiss | undefined {
  const body = new Reading(step)
  const found = step.outputs.flatMap((_, i) => cellOf(body, i) ?? [])[0]
  if (!found) return undefined
  const { cell, units, batch, result, sums } = found
  // Variables that hold what the step before gave.
  const states = step.inputs.filter(
    (id, i) => body.strip(step.outputs[i]!) === result && sameShape(body.value(id).type.shape, [batch, units]),
  )

  let sequence: { readonly variable: number; readonly timeMajor: boolean; readonly counter: number } | undefined
  let hidden: ValueId | undefined
  const gates: Gate[] = []
  for (const sum of sums) {
    const parts = body.parts(sum, (v) => (states.includes(v) ? 'recurrent' : body.stepOf(v) ? 'input' : undefined))
    if (typeof parts === 'string') return { reason: parts }
    const [input, recurrent] = [parts.filter((p) => p.of === 'input'), parts.filter((p) => p.of === 'recurrent')]
    if (input.length !== 1 || recurrent.length !== 1) return { reason: 'a gate does not read the input and the state once each' }
    const at = body.stepOf(input[0]!.source!)!
    if (sequence && (at.variable !== sequence.variable || at.timeMajor !== sequence.timeMajor || at.counter !== sequence.counter))
      return { reason: 'gates read steps of different sequences' }
    sequence = at
    if (hidden !== undefined && hidden !== recurrent[0]!.source) return { reason: 'gates read different states' }
    hidden = recurrent[0]!.source
    gates.push({ input: input[0]!, recurrent: recurrent[0]!, bias: parts.filter((p) => p.of === 'bias') })
  }
  const { variable, timeMajor, counter } = sequence!
  const shape = operands[variable]!.type.shape
  const [time, b, channels] = timeMajor ? shape : [shape[1], shape[0], shape[2]]
  if (shape.length !== 3 || b !== batch || typeof channels !== 'number') return { reason: 'the input is no sequence of vectors' }
  const rounds = roundsOf(new Reading(cond), body, operands, counter)
  if (rounds === undefined || rounds !== time) return { reason: 'it does not run once for each step of the input' }
  const [i, f, c, o] = gates as [Gate, Gate, Gate, Gate]
  if (!gates.every((g) => isFull(g, channels, units))) return { reason: 'the weights do not have the sizes of an LSTM' }
  const kept = step.outputs.map((id, k): Kept => {
    if (body.strip(id) === result) return isStatic(body.value(step.inputs[k]!).type.shape) ? 'last' : 'other'
    return body.isWrite(id, k, result, counter) && operands[k]!.type.shape[0] === time ? 'all' : 'other'
  })
  return { sequence: variable, timeMajor, hidden: step.inputs.indexOf(hidden!), cell, batch, channels, units, gates: [i, f, c, o], kept }
}

/** c' = f * c + i * g for a variable c of the loop, and h' = o * tanh(c'); the sums that the gates are of, and that g is of. */
function cellOf(body: Reading, cell: number) {
  const { inputs, outputs } = body.graph
  const [batch, units] = body.value(inputs[cell]!).type.shape
  const next = body.pair(outputs[cell]!, 'add')
  if (!next || typeof batch !== 'number' || typeof units !== 'number' || body.value(inputs[cell]!).type.shape.length !== 2) return undefined
  const gate = (v: Value) => body.argument(v.id, 'logistic')
  const forget = next.map((v) => body.product(v.id, gate, (w) => (w.id === inputs[cell] ? w : undefined)))
  const enter = next.map((v) => body.product(v.id, gate, (w) => body.argument(w.id, 'tanh')))
  const at = forget[0] && enter[1] ? 0 : forget[1] && enter[0] ? 1 : undefined
  if (at === undefined) return undefined
  const state = body.strip(outputs[cell]!)
  for (const { outputs: made } of body.graph.nodes) {
    const shown = made.length === 1 ? body.product(made[0]!, gate, (w) => body.hasArgument(w.id, 'tanh', state)) : undefined
    if (!shown) continue
    const sums = [enter[1 - at]![0], forget[at]![0], enter[1 - at]![1], shown[0]] as const
    // What is broadcast has more elements than the state.
    const all = [state, made[0]!, ...next.map((v) => v.id), ...sums.map((v) => v.id)]
    if (!all.every((id) => elementCount(body.value(id).type.shape) === batch * units)) continue
    return { cell, batch, units, result: made[0]!, sums }
  }
  return undefined
}

/** Whether the constants have the rows and columns that the gate takes of them. */
function isFull({ input, recurrent, bias }: Gate, channels: number, units: number): boolean {
  const has = ({ constant, row, column }: Part, columns: number, whole: number) => {
    const [rows, width] = constant.type.shape as readonly number[]
    return row + units <= rows! && column + columns <= width! && width === whole
  }
  const isJoined = input.constant === recurrent.constant
  const [w, r] = isJoined ? [channels + units, channels + units] : [channels, units]
  return (
    has(input, channels, w) &&
    has(recurrent, units, r) &&
    bias.every(({ constant: { type }, row }) => {
      const count = elementCount(type.shape)!
      return count === 1 || (count === type.shape.at(-1) && row + units <= count)
    })
  )
}

/** How often the loop runs; undefined where that cannot be told. */
function roundsOf(cond: Reading, body: Reading, operands: readonly Value[], counter: number): Dim | undefined {
  const bounds: Dim[] = []
  const left = [cond.graph.outputs[0]!]
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    const node = cond.producer(id)
    if (node?.op === 'logical_and') {
      left.push(...node.inputs.map((v) => v!))
      continue
    }
    if (node?.op !== 'less') return undefined
    const [i, limit] = cond.editor.operands(node) as [Value, Value]
    const variable = cond.graph.inputs.indexOf(i.id)
    if (!body.counts(variable) || !isSplat(operands[variable]!, 0)) return undefined
    const at = cond.graph.inputs.indexOf(limit.id)
    const bound = at < 0 ? knownDims(limit) : body.isFixed(at) ? knownDims(operands[at]) : undefined
    if (bound?.length !== 1) return undefined
    bounds.push(bound[0]!)
  }
  if (!isSplat(operands[counter]!, 0) || bounds.length === 0) return undefined
  if (bounds.every((d) => d === bounds[0])) return bounds[0]
  return bounds.every((d) => typeof d === 'number') ? Math.min(...(bounds as readonly number[])) : undefined
}

/** A gate's part with what it is multiplied by: an operand of the body, or nothing for a bias. */
interface SourcedPart extends Part {
  readonly of: 'input' | 'recurrent' | 'bias'
  readonly source?: ValueId
}

/** A graph to look things up in, where reshapes that only add or drop dims of size 1 do not count. */
class Reading {
  readonly graph: Graph
  readonly editor: GraphEditor

  constructor(graph: Graph) {
    this.graph = graph
    this.editor = new GraphEditor(graph)
  }

  value(id: ValueId): Value {
    return this.editor.value(id)
  }

  producer(id: ValueId): Node | undefined {
    return this.editor.producer(id)
  }

  /** What a value is but for its shape. */
  strip(id: ValueId): ValueId {
    for (;;) {
      const node = this.producer(id)
      if (node?.op !== 'reshape') return id
      id = node.inputs[0]!
    }
  }

  #unfused(id: ValueId, op: string): Node | undefined {
    const node = this.producer(this.strip(id))
    return node?.op === op && (node.attrs.fusedActivation ?? 'none') === 'none' ? node : undefined
  }

  /** The two operands of an op without activation. */
  pair(id: ValueId, op: string): readonly [Value, Value] | undefined {
    const node = this.#unfused(id, op)
    return node && [this.value(this.strip(node.inputs[0]!)), this.value(this.strip(node.inputs[1]!))]
  }

  argument(id: ValueId, op: string): Value | undefined {
    const node = this.#unfused(id, op)
    return node && this.value(node.inputs[0]!)
  }

  hasArgument(id: ValueId, op: string, of: ValueId): Value | undefined {
    const found = this.argument(id, op)
    return found && this.strip(found.id) === of ? found : undefined
  }

  /** A product of two things in either order. */
  product(
    id: ValueId,
    first: (v: Value) => Value | undefined,
    second: (v: Value) => Value | undefined,
  ): readonly [Value, Value] | undefined {
    const [a, b] = this.pair(id, 'mul') ?? []
    if (!a || !b) return undefined
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const found = [first(x), second(y)] as const
      if (found[0] && found[1]) return [found[0], found[1]]
    }
    return undefined
  }

  /** Whether a variable is what it was before each round. */
  isFixed(i: number): boolean {
    return i >= 0 && this.graph.outputs[i] === this.graph.inputs[i]
  }

  /** Whether a variable is one more after each round. */
  counts(i: number): boolean {
    const next = i < 0 ? undefined : this.#unfused(this.graph.outputs[i]!, 'add')
    const operands = next ? this.editor.operands(next) : []
    return operands.some((v) => v!.id === this.graph.inputs[i]) && operands.some((v) => isSplat(v!, 1))
  }

  /** The step of a sequence that a value is: a slice of a variable that stays, at one that counts. */
  stepOf(id: ValueId): { readonly variable: number; readonly timeMajor: boolean; readonly counter: number } | undefined {
    const node = this.producer(id)
    if (node?.op !== 'gather' || node.attrs.batchDims !== 0) return undefined
    const variable = this.graph.inputs.indexOf(node.inputs[0]!)
    const counter = this.graph.inputs.indexOf(this.strip(node.inputs[1]!))
    const { axis } = node.attrs
    if (!this.isFixed(variable) || !this.counts(counter) || (axis !== 0 && axis !== 1)) return undefined
    return { variable, timeMajor: axis === 0, counter }
  }

  /** Whether a variable becomes itself with `item` at the place `counter` of its first axis. */
  isWrite(id: ValueId, variable: number, item: ValueId, counter: number): boolean {
    const node = this.producer(id)
    if (node?.op !== 'dynamic_update_slice' || node.inputs[0] !== this.graph.inputs[variable]) return false
    const [into, update, at] = this.editor.operands(node) as [Value, Value, Value]
    const start = this.producer(at.id)
    if (into.type.shape.length !== 3 || this.strip(update.id) !== item || start?.op !== 'pack') return false
    const [first, ...rest] = this.editor.operands(start) as Value[]
    const isWhole = update.type.shape.every((d, i) => d === (i === 0 ? 1 : into.type.shape[i]))
    return isWhole && first!.id === this.graph.inputs[counter] && rest.every((v) => constInts(v)?.every((n) => n === 0))
  }

  /** What a value of `units` columns sums up: products with constants, and constants; in words where it is more than that. */
  parts(sum: Value, kindOf: (source: ValueId) => 'input' | 'recurrent' | undefined): readonly SourcedPart[] | string {
    const found: SourcedPart[] = []
    const left: { readonly v: Value; readonly row: number }[] = [{ v: sum, row: 0 }]
    for (let next = left.pop(); next; next = left.pop()) {
      const { v, row } = next
      const node = this.producer(v.id)
      if (isPlain(v)) found.push({ of: 'bias', constant: v, row, column: 0 })
      else if (node?.op === 'reshape') {
        const from = this.value(node.inputs[0]!)
        if (from.type.shape.at(-1) !== v.type.shape.at(-1)) return 'what a gate sums up is reshaped'
        left.push({ v: from, row })
      } else if (node?.op === 'add' && node.attrs.fusedActivation === 'none') {
        for (const operand of this.editor.operands(node)) {
          const isBias = operand!.data !== undefined
          if (!isBias && elementCount(operand!.type.shape) !== elementCount(v.type.shape)) return 'what a gate sums up is broadcast'
          left.push({ v: operand!, row })
        }
      } else if (node?.op === 'split') {
        const [axis, whole] = this.editor.operands(node) as [Value, Value]
        const [at] = constInts(axis) ?? []
        const last = whole.type.shape.length - 1
        if (at !== last && at !== -1) return 'gates are not split along their last axis'
        left.push({ v: whole, row: row + node.outputs.indexOf(v.id) * (v.type.shape.at(-1) as number) })
      } else if (node?.op === 'fully_connected') {
        const terms = this.#product(node, row, kindOf)
        if (!terms) return 'a gate reads something beside the step and the state'
        found.push(...terms)
      } else return 'what a gate sums up is no product with weights'
    }
    return found
  }

  /** The parts of a product with constant weights: of the step, of the state, or of both joined; and its bias. */
  #product(node: Node, row: number, kindOf: (source: ValueId) => 'input' | 'recurrent' | undefined): readonly SourcedPart[] | undefined {
    const [x, constant, bias] = this.editor.operands(node) as [Value, Value, Value | null | undefined]
    if (node.attrs.fusedActivation !== 'none' || node.attrs.weightsFormat !== 'default') return undefined
    if (!isPlain(constant) || (bias && !isPlain(bias))) return undefined
    const joined = this.producer(this.strip(x.id))
    const isJoined =
      joined?.op === 'concatenation' && joined.attrs.fusedActivation === 'none' && isLastAxis(joined, this.value(joined.outputs[0]!))
    const sources = isJoined ? this.editor.operands(joined).map((v) => v!) : [x]
    const parts: SourcedPart[] = bias ? [{ of: 'bias', constant: bias, row, column: 0 }] : []
    let column = 0
    for (const v of sources) {
      const source = this.strip(v.id)
      const of = kindOf(source)
      if (!of || this.value(source).type.shape.at(-1) !== v.type.shape.at(-1)) return undefined
      parts.push({ of, constant, row, column, source })
      column += v.type.shape.at(-1) as number
    }
    return parts
  }
}

/** A constant that may be cut up. */
function isPlain({ data, type, fixed }: Value): boolean {
  return data !== undefined && type.dtype === 'f32' && fixed === undefined
}

function isLastAxis(node: Node, result: Value): boolean {
  const rank = result.type.shape.length
  return node.attrs.axis === rank - 1 || node.attrs.axis === -1
}
