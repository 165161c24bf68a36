import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import type { AttrValue } from '../../schema/tensorflow/graph.ts'
import type { Lazy } from '../../wire/protobuf.ts'
import type { SourceAttr, SourceAttrs } from '../source-graph.ts'
import { constantOf, dimsOf } from './constant.ts'

const utf8 = new TextDecoder()

/** A node, or a function named with attributes. */
interface AttrsOwner {
  readonly name: string
  readonly attr: ReadonlyMap<string, Lazy<AttrValue>>
}

/** Attributes of a node, decoded when asked for; one that the file left out has the default of its op's definition. */
export class NodeAttrs implements SourceAttrs {
  readonly #node: AttrsOwner
  readonly #defaults: ReadonlyMap<string, Lazy<AttrValue>>
  readonly #file: string

  constructor(node: AttrsOwner, defaults: ReadonlyMap<string, Lazy<AttrValue>>, file: string) {
    this.#node = node
    this.#defaults = defaults
    this.#file = file
  }

  get(name: string): SourceAttr | undefined {
    const value = this.#node.attr.get(name) ?? this.#defaults.get(name)
    return value && sourceAttr(value.decode(), this.#file, `attribute ${JSON.stringify(name)} of node ${JSON.stringify(this.#node.name)}`)
  }

  has(name: string): boolean {
    return this.#node.attr.has(name) || this.#defaults.has(name)
  }

  names(): readonly string[] {
    return [...new Set([...this.#node.attr.keys(), ...this.#defaults.keys()])]
  }
}

/** Attributes that an importer makes itself. */
export class FixedAttrs implements SourceAttrs {
  readonly #attrs: ReadonlyMap<string, SourceAttr>

  constructor(attrs: Readonly<Record<string, SourceAttr | undefined>> = {}) {
    const present = Object.entries(attrs).filter((e): e is [string, SourceAttr] => e[1] !== undefined)
    this.#attrs = new Map(present)
  }

  get(name: string): SourceAttr | undefined {
    return this.#attrs.get(name)
  }

  has(name: string): boolean {
    return this.#attrs.has(name)
  }

  names(): readonly string[] {
    return [...this.#attrs.keys()]
  }
}

export const noDefaults: ReadonlyMap<string, Lazy<AttrValue>> = new Map()

function sourceAttr(v: AttrValue, file: string, what: string): SourceAttr | undefined {
  if (v.s !== undefined) return { kind: 'string', value: utf8.decode(v.s), bytes: v.s }
  if (v.i !== undefined) return { kind: 'int', value: v.i }
  if (v.f !== undefined) return { kind: 'float', value: v.f }
  if (v.b !== undefined) return { kind: 'bool', value: v.b }
  if (v.type !== undefined) return { kind: 'type', value: dtypeOfCode(v.type), code: v.type }
  if (v.shape !== undefined) return { kind: 'shape', value: dimsOf(v.shape) }
  if (v.tensor !== undefined) return { kind: 'tensor', value: constantOf(v.tensor.decode(), file, what) }
  if (v.func !== undefined) {
    return { kind: 'func', value: v.func.name, attrs: new NodeAttrs(v.func, noDefaults, file) }
  }
  if (v.placeholder !== undefined) return { kind: 'placeholder', value: v.placeholder }
  return v.list && listAttr(v.list)
}

function listAttr(list: NonNullable<AttrValue['list']>): SourceAttr {
  if (list.s.length > 0) return { kind: 'strings', value: list.s.map((s) => utf8.decode(s)), bytes: list.s }
  if (list.i.length > 0) return { kind: 'ints', value: list.i }
  if (list.f.length > 0) return { kind: 'floats', value: list.f }
  if (list.b.length > 0) return { kind: 'bools', value: list.b }
  if (list.type.length > 0) return { kind: 'types', value: list.type.map(dtypeOfCode), codes: list.type }
  if (list.shape.length > 0) return { kind: 'shapes', value: list.shape.map(dimsOf) }
  if (list.func.length > 0) return { kind: 'funcs', value: list.func.map((f) => f.name) }
  return { kind: 'empty-list' }
}
