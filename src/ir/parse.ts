import { type ConstData, constFromBytes, lazyConst } from '../core/bytes.ts'
import { byteLengthOf, type DType, dtypes } from '../core/dtype.ts'
import { encodeElements } from '../core/elements.ts'
import { fnv1a } from '../core/hash.ts'
import { type Dim, elementCount, type Shape } from '../core/shape.ts'
import type { TextRecords } from './print.ts'
import { TextScanner } from './scanner.ts'
import { randomElements } from './synthetic.ts'
import type {
  Attrs,
  AttrValue,
  Graph,
  Model,
  Node,
  Origin,
  QuantParams,
  Signature,
  SignaturePort,
  TensorType,
  Value,
  ValueId,
} from './types.ts'

export interface ParseOptions {
  /** Fills in attributes, and result types, that the text leaves out. */
  readonly records?: TextRecords
  /** What errors call the text. Default `ir`. */
  readonly file?: string
}

/**
 * Reads the text of one graph (see `printGraph`). Values are `%name` or `%number`; numbers are kept as ids.
 * A constant is written `= 1.5`, `= [1, 2]` (row-major), `= splat(0.5)`, `= random(7)` (seeded), `= x"00ff"` (bytes),
 * or `= ...`: pseudo-random elements seeded by its name. `//` starts a comment.
 * Throws `import/ir-syntax`.
 */
export function parseGraph(text: string, options: ParseOptions = {}): Graph {
  const reader = new TextReader(text, options)
  const graph = reader.graph()
  reader.end()
  return graph
}

/** Reads what `printModel` writes: `model "description"`, graphs, signatures, metadata. Throws `import/ir-syntax`. */
export function parseModel(text: string, options: ParseOptions = {}): Model {
  return new TextReader(text, options).model()
}

/** More elements than this are no test any more. */
const maxElements = 2 ** 28

class TextReader extends TextScanner {
  readonly #records: TextRecords | undefined
  #refs = new Map<string, ValueId>()
  #values = new Map<ValueId, Value>()
  #nextId = 0

  constructor(text: string, options: ParseOptions) {
    super(text, options.file ?? 'ir')
    this.#records = options.records
  }

  model(): Model {
    let description = ''
    if (this.word('model')) description = this.string()
    const graphs: Graph[] = []
    const signatures: Signature[] = []
    const metadata = new Map<string, ConstData>()
    const refsOf: Map<string, ValueId>[] = []
    while (!this.done()) {
      if (this.peekWord('graph')) {
        graphs.push(this.graph())
        refsOf.push(this.#refs)
      } else if (this.word('signature')) {
        const key = this.string()
        const at = this.at
        const name = this.nameOrString()
        const graph = graphs.findIndex((g) => g.name === name)
        if (graph < 0) throw this.error('the name of a graph above', at)
        this.#refs = refsOf[graph]!
        const inputs = this.#ports()
        this.expect('->')
        signatures.push({ key, graph, inputs, outputs: this.#ports() })
      } else if (this.word('metadata')) {
        metadata.set(this.string(), constFromBytes(this.hex()))
      } else throw this.error('graph, signature or metadata')
    }
    return { graphs, signatures, description, metadata }
  }

  graph(): Graph {
    this.#refs = new Map()
    this.#values = new Map()
    this.expectWord('graph')
    const name = this.nameOrString()
    const start = this.at
    const close = this.text.indexOf('\n}', start)
    const numbers = this.text.slice(start, close < 0 ? undefined : close).match(/%\d+\b/g) ?? []
    this.#nextId = numbers.reduce((n, ref) => Math.max(n, Number(ref.slice(1)) + 1), 0)
    const inputs: ValueId[] = []
    this.expect('(')
    while (!this.take(')')) {
      const ref = this.#ref()
      const label = this.peek() === '"' ? this.string() : ref
      this.expect(':')
      inputs.push(this.#define(ref, { name: label, ...this.#typeAndDims() }))
      if (this.peek() !== ')') this.expect(',')
    }
    this.expect('{')
    const nodes: Node[] = []
    while (!this.word('return')) this.#statement(nodes)
    const outputs: ValueId[] = []
    while (this.peek() === '%') {
      outputs.push(this.#use())
      if (!this.take(',')) break
    }
    this.expect('}')
    return { name, inputs, outputs, values: this.#values, nodes }
  }

  end(): void {
    if (!this.done()) throw this.error('the end')
  }

  #statement(nodes: Node[]): void {
    const results: { ref: string; at: number; name: string | undefined }[] = []
    if (this.peek() === '%') {
      do {
        const at = this.at
        const ref = this.#ref()
        results.push({ ref, at, name: this.peek() === '"' ? this.string() : undefined })
      } while (this.take(','))
      this.expect('=')
    }
    const [first] = results
    if (first && (this.peekWord('const') || this.peekWord('variable'))) {
      this.#leaf(first.ref)
      return
    }
    const opAt = this.at
    const op = this.nameOrString()
    const inputs: (ValueId | null)[] = []
    this.expect('(')
    while (!this.take(')')) {
      inputs.push(this.word('none') ? null : this.#use())
      if (this.peek() !== ')') this.expect(',')
    }
    const attrs: Attrs = { ...this.#records?.defaultsOf(op), ...(this.peek() === '{' ? this.#attrs() : {}) }
    const types = this.#resultTypes(op, attrs, inputs, results.length, opAt)
    const origin = this.#origin()
    const outputs = results.map((r, i) => this.#define(r.ref, { name: r.name ?? op, ...types[i]! }))
    nodes.push({ id: nodes.length, op, attrs, inputs, outputs, origin })
  }

  #leaf(ref: string): void {
    const isConst = this.word('const')
    if (!isConst) this.expectWord('variable')
    const name = this.peek() === '"' ? this.string() : ref
    this.expect(':')
    const fields = this.#typeAndDims()
    if (!isConst) {
      this.#define(ref, { name, ...fields, isVariable: true })
      return
    }
    this.expect('=')
    this.#define(ref, { name, ...fields, data: this.#elements(fields.type, name) })
  }

  #resultTypes(op: string, attrs: Attrs, inputs: readonly (ValueId | null)[], count: number, at: number): { type: TensorType }[] {
    if (this.take(':')) {
      const types = [this.#typeAndDims()]
      while (this.take(',')) types.push(this.#typeAndDims())
      if (types.length !== count) throw this.error(`${count} result types`, at)
      return types
    }
    const operands = inputs.map((id) => (id === null ? null : this.#values.get(id)!))
    const inferred = count === 0 ? [] : this.#records?.infer?.(op, attrs, operands)
    if (inferred?.length !== count) throw this.error(`${count} result types`)
    return inferred.map((type) => ({ type }))
  }

  #attrs(): Attrs {
    const attrs: Record<string, AttrValue> = Object.create(null) as Record<string, AttrValue>
    this.expect('{')
    while (!this.take('}')) {
      const key = this.name()
      this.expect('=')
      attrs[key] = this.#attrValue()
      if (this.peek() !== '}') this.expect(',')
    }
    return { ...attrs }
  }

  #attrValue(): AttrValue {
    const c = this.peek()
    if (c === '"') return this.string()
    if (c === '[') return this.numbers()
    if (this.text.startsWith('x"', this.at)) return this.hex()
    if (/[-0-9]/.test(c)) return this.number()
    const word = this.name()
    if (word === 'true' || word === 'false') return word === 'true'
    return word === 'inf' ? Number.POSITIVE_INFINITY : word === 'nan' ? Number.NaN : word
  }

  #origin(): Origin {
    const source: string[] = []
    const rules: string[] = []
    while (this.take('@')) source.push(this.string())
    while (this.take('!')) rules.push(this.nameOrString())
    return { source, rules }
  }

  #typeAndDims(): { type: TensorType; dims?: readonly Dim[] } {
    const at = this.skip()
    const word = this.name()
    const dtype: DType = dtypes.find((d) => d === word) ?? this.fail('an element type', at)
    const shape = this.#dimList()
    const quant = this.peek() === '<' ? this.#quant() : undefined
    let range: readonly [number, number] | undefined
    if (this.word('range')) {
      const [low, high, ...more] = this.numbers()
      if (low === undefined || high === undefined || more.length > 0) throw this.error('range[low,high]')
      range = [low, high]
    }
    const dims = this.word('dims') ? this.#dimList() : undefined
    return { type: { dtype, shape, ...(quant ? { quant } : {}), ...(range ? { range } : {}) }, ...(dims ? { dims } : {}) }
  }

  #quant(): QuantParams {
    this.expect('<')
    if (!this.peekWord('axis')) {
      const scale = this.number()
      this.expect(':')
      const zeroPoint = this.number()
      this.expect('>')
      return { kind: 'per-tensor', scale, zeroPoint }
    }
    this.expectWord('axis')
    this.expect('=')
    const axis = this.number()
    let blockSize: number | undefined
    if (this.word('block')) {
      this.expect('=')
      blockSize = this.number()
    }
    let scales: number[] = []
    const zeroPoints: number[] = []
    let symmetric = false
    while (this.take(',')) {
      scales.push(this.number())
      if (this.word('scales')) {
        const count = scales[0]!
        scales = Array.from({ length: Math.min(count, 65_536) }, (_, i) => 0.01 + (i % 10) / 1000)
        zeroPoints.push(...scales.map(() => 0))
        symmetric = this.word('symmetric')
      } else if (this.take(':')) zeroPoints.push(this.number())
      else symmetric = true
    }
    this.expect('>')
    const fields = { axis, scales: Float32Array.from(scales) }
    if (blockSize === undefined) return { kind: 'per-axis', ...fields, zeroPoints: Int32Array.from(zeroPoints) }
    return { kind: 'blockwise', ...fields, blockSize, ...(symmetric ? {} : { zeroPoints: Int32Array.from(zeroPoints) }) }
  }

  #dimList(): Shape {
    const start = this.skip()
    this.expect('[')
    const dims: Dim[] = []
    let depth = 0
    let text = ''
    for (; this.at < this.text.length; this.at++) {
      const c = this.text[this.at]!
      if (c === '\n') break
      if (depth === 0 && (c === ',' || c === ']')) {
        const d = text.trim()
        if (d !== '') dims.push(/^-?\d+$/.test(d) ? Number(d) : d)
        else if (c === ',' || dims.length > 0) break
        text = ''
        if (c === ']') {
          this.at++
          return dims
        }
        continue
      }
      if (c === '(') depth++
      if (c === ')') depth--
      text += c
    }
    throw this.error('a list of dims', start)
  }

  #elements(type: TensorType, name: string): ConstData {
    const count = elementCount(type.shape)
    if (count === undefined || count > maxElements || count < 0) throw this.error(`a static shape of at most ${maxElements} elements`)
    const byteLength = byteLengthOf(type.dtype, count)
    if (this.text.startsWith('x"', this.skip())) return constFromBytes(this.hex())
    if (this.take('...')) return lazyConst(byteLength, () => randomElements(type.dtype, count, fnv1a(name)))
    if (this.word('random')) {
      this.expect('(')
      const seed = this.number()
      this.expect(')')
      return lazyConst(byteLength, () => randomElements(type.dtype, count, seed))
    }
    if (this.word('splat')) {
      this.expect('(')
      const value = this.#element()
      this.expect(')')
      return lazyConst(byteLength, () => encodeElements(storageOf(type.dtype), new Array<number | bigint>(count).fill(value)))
    }
    const at = this.at
    const values: (number | bigint)[] = []
    if (type.shape.length === 0 && this.peek() !== '[') values.push(this.#element())
    else {
      this.expect('[')
      while (!this.take(']')) {
        values.push(this.#element())
        if (this.peek() !== ']') this.expect(',')
      }
    }
    if (values.length !== count) throw this.error(`${count} elements`, at)
    return constFromBytes(encodeElements(storageOf(type.dtype), values))
  }

  #element(): number | bigint {
    if (this.word('true')) return 1
    if (this.word('false')) return 0
    const integer = /-?\d{16,}(?![.\de])/y
    this.skip()
    integer.lastIndex = this.at
    const m = integer.exec(this.text)
    if (!m) return this.number()
    this.at += m[0].length
    return BigInt(m[0])
  }

  #ports(): SignaturePort[] {
    const ports: SignaturePort[] = []
    this.expect('(')
    while (!this.take(')')) {
      ports.push({ name: this.string(), value: this.#use() })
      if (this.peek() !== ')') this.expect(',')
    }
    return ports
  }

  #define(ref: string, fields: Omit<Value, 'id'>): ValueId {
    if (this.#refs.has(ref)) throw this.error(`a value other than %${ref}, which is defined above`)
    const id = /^\d+$/.test(ref) ? Number(ref) : this.#nextId++
    this.#refs.set(ref, id)
    this.#values.set(id, { id, ...fields })
    return id
  }

  #use(): ValueId {
    const at = this.at
    const ref = this.#ref()
    return this.#refs.get(ref) ?? this.fail(`a value defined above, not %${ref}`, at)
  }

  #ref(): string {
    this.expect('%')
    const pattern = /[A-Za-z0-9_.]+/y
    pattern.lastIndex = this.at
    const m = pattern.exec(this.text)
    if (!m) throw this.error('a value name after %')
    this.at += m[0].length
    return m[0]
  }
}

/** Halves are written as the integers that they are stored as. */
const storageOf = (dtype: DType): DType => (dtype === 'f16' || dtype === 'bf16' ? 'u16' : dtype)
