import { AttributeTable } from './attribute-table.ts'
import type { Cursor } from './cursor.ts'
import { Locations } from './locations.ts'
import { propertiesByOp } from './properties.ts'
import type { OpName, Sections } from './sections.ts'
import { TypeTable } from './type-table.ts'
import type { MlirBlock, MlirOp, MlirValue } from './types.ts'

const maxDepth = 64
/** Which parts of an op are stored. */
const parts = { attributes: 1, results: 2, operands: 4, successors: 8, regions: 16, useOrders: 32, properties: 64 }

/** Values by number, of regions that may see each other. */
interface Scope {
  readonly values: Map<number, MlirValue>
  /** The number that the next region's values start with. */
  end: number
}

const irSection = 4

const vhlo = 'vhlo.'

type Attrs = MlirOp['attrs']

const noAttrs: Attrs = new Map()

interface Name {
  readonly name: string
  readonly versioned: string
  readonly isRegistered: boolean
  readonly properties: readonly string[] | undefined
}

/** The ops of the IR section, with what they refer to. */
export class IrReader {
  readonly #sections: Sections
  readonly #types: TypeTable
  readonly #attributes: AttributeTable
  readonly #locations: Locations
  readonly #names: readonly Name[]
  readonly #attrsByKey = new Map<string, Attrs>()
  #attrsLeft: number
  #nextId = 0
  #depth = 0

  constructor(cursor: Cursor, sections: Sections) {
    this.#sections = sections
    this.#types = new TypeTable(cursor, sections.types, 'type')
    this.#attributes = new AttributeTable(cursor, sections, this.#types)
    this.#locations = new Locations(this.#attributes)
    this.#names = sections.opNames.map(nameOp)
    this.#attrsLeft = 2 * cursor.bytes.byteLength
  }

  /** The block around the module. */
  read(cursor: Cursor): MlirBlock {
    return this.#block(cursor, { values: new Map(), end: 0 }, 0, 0)
  }

  /** Values of this block and region have the numbers from `first` up to `end`. */
  #block(cursor: Cursor, scope: Scope, first: number, end: number): MlirBlock {
    const at = cursor.position
    const packed = cursor.varint()
    const count = Math.floor(packed / 2)
    if (count * 3 > cursor.left) throw cursor.fault('count of ops', `at most ${Math.floor(cursor.left / 3)}`, `${count}`, at)
    let next = first
    const define = (values: readonly MlirValue[]) => {
      if (next + values.length > end) throw cursor.fault('count of values', `at most ${end - first} in a region`)
      for (const value of values) scope.values.set(next++, value)
    }
    const args = packed % 2 === 1 ? this.#arguments(cursor) : []
    define(args)
    // Results are not numbered in a region that has no values.
    const ops = Array.from({ length: count }, () => this.#op(cursor, scope, end > first ? define : () => {}))
    for (let number = first; number < next; number++) scope.values.delete(number)
    return { arguments: args, ops }
  }

  #arguments(cursor: Cursor): MlirValue[] {
    const { version } = this.#sections
    const args = Array.from({ length: cursor.count('count of arguments') }, () => {
      const at = cursor.position
      const packed = cursor.varint()
      const hasLocation = version < 4 || packed % 2 === 1
      const index = cursor.checked(version < 4 ? packed : Math.floor(packed / 2), 'type', this.#types.count, at)
      if (hasLocation) cursor.index('location', this.#attributes.count)
      return this.#value(index)
    })
    if (version >= 3 && cursor.byte() !== 0) skipUseOrders(cursor, args.length)
    return args
  }

  #value(type: number): MlirValue {
    return { id: this.#nextId++, type: this.#types.get(type) }
  }

  #op(cursor: Cursor, scope: Scope, define: (values: readonly MlirValue[]) => void): MlirOp {
    const op = cursor.index('name of an op', this.#names.length)
    const mask = cursor.byte()
    const location = this.#locations.name(cursor.index('location', this.#attributes.count))
    const attrs = this.#attrs(cursor, op, mask)
    const results = this.#list(cursor, mask & parts.results, () => this.#value(cursor.index('type', this.#types.count)))
    const operands = this.#list(cursor, mask & parts.operands, () => this.#operand(cursor, scope))
    this.#list(cursor, mask & parts.successors, () => cursor.varint())
    if (mask & parts.useOrders && this.#sections.version >= 3) skipUseOrders(cursor, results.length)
    const regions = mask & parts.regions ? this.#regions(cursor, scope) : []
    define(results)
    return { name: this.#name(op, mask), operands, results, attrs, regions, location }
  }

  /** A version whose properties cannot be read stays in the name. */
  #name(op: number, mask: number): string {
    const { name, versioned, properties, isRegistered } = this.#names[op]!
    return mask & parts.properties && isRegistered && !properties ? versioned : name
  }

  #list<T>(cursor: Cursor, isStored: number, item: () => T): T[] {
    return isStored ? Array.from({ length: cursor.count('count of items') }, item) : []
  }

  #operand(cursor: Cursor, scope: Scope): MlirValue {
    const at = cursor.position
    const number = cursor.varint()
    const value = scope.values.get(number)
    if (!value) throw cursor.fault('operand', 'a value that is computed before', `value ${number}`, at)
    return value
  }

  /** Ops that store the same ones share them. */
  #attrs(cursor: Cursor, op: number, mask: number): Attrs {
    const dictionary = mask & parts.attributes ? cursor.index('attribute', this.#attributes.count) : undefined
    const properties = mask & parts.properties ? cursor.index('property list', this.#sections.properties.length) : undefined
    if (dictionary === undefined && properties === undefined) return noAttrs
    const key = `${op} ${dictionary} ${properties}`
    const known = this.#attrsByKey.get(key)
    if (known) return known
    const attrs = new Map([
      ...(dictionary === undefined ? noAttrs : this.#dictionary(dictionary, cursor)),
      ...(properties === undefined ? noAttrs : this.#properties(op, cursor.over(this.#sections.properties[properties]!))),
    ])
    this.#attrsByKey.set(key, attrs)
    return attrs
  }

  #dictionary(index: number, cursor: Cursor): Attrs {
    const attr = this.#attributes.get(index)
    if (attr.kind !== 'dictionary') throw cursor.fault('attribute list of an op', 'a dictionary', attr.kind)
    this.#attrsLeft -= attr.entries.size
    if (this.#attrsLeft < 0) throw cursor.limit('attribute list of an op', 'at most two attributes for each byte of the module')
    return attr.entries
  }

  /** Of ops of other dialects they are passed over. */
  #properties(op: number, cursor: Cursor): Attrs {
    const { properties: names, isRegistered } = this.#names[op]!
    if (!isRegistered) return this.#dictionary(cursor.index('attribute', this.#attributes.count), cursor)
    const attrs = new Map((names ?? []).map((name) => [name, this.#attributes.read(cursor)] as const))
    if (names && cursor.left > 0) throw cursor.fault('property list', `${names.length} attributes`, `${cursor.left} more bytes`)
    return attrs
  }

  #regions(cursor: Cursor, outer: Scope): MlirBlock[] {
    if (++this.#depth > maxDepth) throw cursor.limit('nesting of regions', `at most ${maxDepth} levels`)
    const packed = cursor.varint()
    const isIsolated = packed % 2 === 1
    const count = Math.floor(packed / 2)
    const inner = isIsolated && this.#sections.version >= 2 ? this.#nested(cursor) : cursor
    const scope = isIsolated ? { values: new Map<number, MlirValue>(), end: 0 } : outer
    if (count > inner.left) throw inner.fault('count of regions', `at most ${inner.left}`, `${count}`)
    const regions = Array.from({ length: count }, () => this.#region(inner, scope))
    this.#depth--
    return regions
  }

  #nested(cursor: Cursor): Cursor {
    const at = cursor.position
    const { id, range } = cursor.section()
    if (id !== irSection) throw cursor.fault('section', `number ${irSection}`, `${id}`, at)
    return cursor.over(range)
  }

  #region(cursor: Cursor, scope: Scope): MlirBlock {
    const at = cursor.position
    const blocks = cursor.varint()
    if (blocks === 0) return { arguments: [], ops: [] }
    if (blocks > 1) throw cursor.fault('region', 'one block', `${blocks}`, at)
    const first = scope.end
    scope.end += cursor.count('count of values')
    const block = this.#block(cursor, scope, first, scope.end)
    scope.end = first
    return block
  }
}

/** Orders of uses, which say nothing about what is computed. */
function skipUseOrders(cursor: Cursor, values: number): void {
  for (let n = values > 1 ? cursor.count('count of use orders') : 1; n > 0; n--) {
    if (values > 1) cursor.varint()
    for (let i = Math.floor(cursor.varint() / 2); i > 0; i--) cursor.varint()
  }
}

function nameOp({ name, isRegistered }: OpName): Name {
  if (!name.startsWith(vhlo)) return { name, versioned: name, isRegistered, properties: undefined }
  const versioned = name.slice(vhlo.length)
  return { name: versioned.replace(/_v\d+$/, ''), versioned, isRegistered, properties: propertiesByOp.get(versioned) }
}
