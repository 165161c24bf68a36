import { type DType, isViewable, typedView } from '../core/dtype.ts'
import { elementCount } from '../core/shape.ts'
import type { Attrs, AttrValue, Graph, Model, Node, QuantParams, TensorType, Value, ValueId } from './types.ts'

/** What the text needs to know of op records, so that it can leave out what they imply. */
export interface TextRecords {
  /** Attributes an op has when none are written; undefined for an op without a record. */
  defaultsOf(op: string): Attrs | undefined
  /** Result types, for a node written without them. */
  infer?(op: string, attrs: Attrs, operands: readonly (Value | null)[]): readonly TensorType[] | undefined
}

export interface PrintOptions {
  /** Attributes equal to the record's default are left out. Default: all are printed. */
  readonly records?: TextRecords
  /** Constants of up to this many elements are printed whole, larger ones as `...`. Default 16. */
  readonly inlineElements?: number
  /** Names of values, source layers and rules are printed. Default true. */
  readonly names?: boolean
  /** Values are numbered in the order they appear; else by their ids. Default false. */
  readonly renumber?: boolean
}

/**
 * A graph as text, one node a line; `parseGraph` reads it back.
 *
 *     graph main(%0 "x": f32[N,4]) {
 *       %1 = const "w" : f32[2,4] = [1, 0, 0, 1, 0, 1, 1, 0]
 *       %2 = fully_connected(%0, %1, none) {fusedActivation=relu} : f32[N,2] @"dense" !fuse-activation
 *       return %2
 *     }
 */
export function printGraph(graph: Graph, options: PrintOptions = {}): string {
  return new Printer(graph, options).print()
}

/** A model as text: its graphs, then signatures and metadata. */
export function printModel(model: Model, options: PrintOptions = {}): string {
  const parts = [`model ${quote(model.description)}`]
  const printers = model.graphs.map((g) => new Printer(g, options))
  for (const p of printers) parts.push(p.print())
  for (const s of model.signatures) {
    const p = printers[s.graph]
    const ports = (list: typeof s.inputs) => list.map((port) => `${quote(port.name)} ${p?.ref(port.value) ?? `%${port.value}`}`).join(', ')
    parts.push(`signature ${quote(s.key)} ${graphName(model.graphs[s.graph]?.name ?? '')}(${ports(s.inputs)}) -> (${ports(s.outputs)})`)
  }
  for (const [name, data] of model.metadata) parts.push(`metadata ${quote(name)} ${hex(data.bytes())}`)
  return `${parts.join('\n')}\n`
}

class Printer {
  readonly #graph: Graph
  readonly #options: PrintOptions
  readonly #numbers = new Map<ValueId, number>()
  readonly #printed = new Set<ValueId>()
  #lines: string[] = []

  constructor(graph: Graph, options: PrintOptions) {
    this.#graph = graph
    this.#options = options
  }

  print(): string {
    const { inputs, outputs, nodes, name } = this.#graph
    const parameters = inputs.map((id) => {
      this.#printed.add(id)
      const v = this.#value(id)
      return `${this.ref(id)}${this.#name(v.name, '')}: ${formatTensorType(v.type)}${dimsText(v)}`
    })
    this.#lines = [`graph ${graphName(name)}(${parameters.join(', ')}) {`]
    for (const node of nodes) this.#node(node)
    for (const id of outputs) this.#leaf(id)
    this.#lines.push(`  return ${outputs.map((id) => this.ref(id)).join(', ')}`.trimEnd(), '}')
    return this.#lines.join('\n')
  }

  ref(id: ValueId): string {
    if (!this.#options.renumber) return `%${id}`
    let n = this.#numbers.get(id)
    if (n === undefined) {
      n = this.#numbers.size
      this.#numbers.set(id, n)
    }
    return `%${n}`
  }

  #node(node: Node): void {
    for (const id of node.inputs) if (id !== null) this.#leaf(id)
    const operands = node.inputs.map((id) => (id === null ? 'none' : this.ref(id))).join(', ')
    const results = node.outputs.map((id) => {
      this.#printed.add(id)
      return `${this.ref(id)}${this.#name(this.#value(id).name, node.op)}`
    })
    const types = node.outputs.map((id) => `${formatTensorType(this.#value(id).type)}${dimsText(this.#value(id))}`)
    const attrs = this.#attrs(node)
    const { source, rules } = node.origin
    const origin =
      this.#options.names === false ? '' : [...source.map((s) => ` @${quote(s)}`), ...rules.map((r) => ` !${quoteUnlessPlain(r)}`)].join('')
    const left = results.length === 0 ? '' : `${results.join(', ')} = `
    const right = types.length === 0 ? '' : ` : ${types.join(', ')}`
    this.#lines.push(`  ${left}${quoteUnlessPlain(node.op)}(${operands})${attrs}${right}${origin}`)
  }

  #attrs(node: Node): string {
    const defaults = this.#options.records?.defaultsOf(node.op)
    const shown = Object.entries(node.attrs).filter(([key, value]) => !defaults || !sameAttr(value, defaults[key]))
    if (shown.length === 0) return ''
    return ` {${shown.map(([key, value]) => `${key}=${attrText(value)}`).join(', ')}}`
  }

  /** A constant or a state, printed before its first reader. */
  #leaf(id: ValueId): void {
    if (this.#printed.has(id)) return
    const v = this.#value(id)
    const kind = v.data ? 'const' : v.isVariable ? 'variable' : undefined
    if (!kind) return
    this.#printed.add(id)
    const data = v.data ? ` = ${this.#elements(v)}` : ''
    this.#lines.push(`  ${this.ref(id)} = ${kind}${this.#name(v.name, '')} : ${formatTensorType(v.type)}${dimsText(v)}${data}`)
  }

  #elements(v: Value): string {
    const { dtype, shape } = v.type
    const count = elementCount(shape)
    if (count === undefined || count > (this.#options.inlineElements ?? 16) || v.data!.byteLength > 1024) return '...'
    const items = elementTexts(dtype, v.data!.bytes())
    if (!items || items.length !== count) return hex(v.data!.bytes())
    return shape.length === 0 ? items[0]! : `[${items.join(', ')}]`
  }

  #name(name: string, implied: string): string {
    return this.#options.names === false || name === implied ? '' : ` ${quote(name)}`
  }

  #value(id: ValueId): Value {
    return this.#graph.values.get(id)!
  }
}

/** `i8[100,784]<axis=0, 0.5:0, 0.25:0>`, with `range[0,255]` when one is known. */
export function formatTensorType(type: TensorType): string {
  const quant = type.quant ? `<${quantText(type.quant)}>` : ''
  const range = type.range ? ` range[${type.range.map(numberText).join(',')}]` : ''
  return `${type.dtype}[${type.shape.join(',')}]${quant}${range}`
}

function quantText(q: QuantParams): string {
  if (q.kind === 'per-tensor') return `${numberText(q.scale)}:${q.zeroPoint}`
  const block = q.kind === 'blockwise' ? ` block=${q.blockSize}` : ''
  const head = `axis=${q.axis}${block}`
  if (q.scales.length > 16) return `${head}, ${q.scales.length} scales${q.zeroPoints ? '' : ' symmetric'}`
  const pairs = Array.from(q.scales, (s, i) => `${f32Text(s)}${q.zeroPoints ? `:${q.zeroPoints[i]}` : ''}`)
  return `${head}, ${pairs.join(', ')}`
}

function dimsText(v: Value): string {
  return v.dims ? ` dims[${v.dims.join(',')}]` : ''
}

function elementTexts(dtype: DType, bytes: Uint8Array): string[] | undefined {
  if (!isViewable(dtype) || dtype === 'c64' || dtype === 'c128' || dtype === 'f16' || dtype === 'bf16') return undefined
  if (dtype === 'f32') return Array.from(typedView('f32', bytes), f32Text)
  if (dtype === 'f64') return Array.from(typedView('f64', bytes), numberText)
  if (dtype === 'bool') return Array.from(bytes, (b) => (b > 1 ? String(b) : b ? 'true' : 'false'))
  return Array.from(typedView(dtype, bytes) as Int32Array, String)
}

/** The shortest decimal that is this float32. */
export function f32Text(x: number): string {
  if (!Number.isFinite(x) || Object.is(x, -0)) return numberText(x)
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(x.toPrecision(digits))
    if (Math.fround(short) === x) return String(short)
  }
  return String(x)
}

function numberText(x: number): string {
  return Object.is(x, -0)
    ? '-0'
    : x === Number.POSITIVE_INFINITY
      ? 'inf'
      : x === Number.NEGATIVE_INFINITY
        ? '-inf'
        : String(x).toLowerCase()
}

function attrText(value: AttrValue): string {
  if (typeof value === 'number') return numberText(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoteUnlessPlain(value)
  if (value instanceof Uint8Array) return hex(value)
  return `[${value.map(numberText).join(',')}]`
}

function sameAttr(a: AttrValue, b: AttrValue | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => Object.is(x, b[i]))
  return Object.is(a, b)
}

/** Words the text reads as something else than a bare string. */
const reserved = new Set(['true', 'false', 'inf', 'nan', 'none', 'const', 'variable', 'return'])

function quoteUnlessPlain(text: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(text) && !reserved.has(text) ? text : quote(text)
}

function graphName(name: string): string {
  return quoteUnlessPlain(name)
}

function quote(text: string): string {
  return JSON.stringify(text)
}

function hex(bytes: Uint8Array): string {
  return `x"${Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')}"`
}
