import type { DowncastError } from '../core/diagnostics.ts'
import { isJsonObject, type Json, type JsonObject, member } from '../core/json.ts'

/** The error for a value of another kind than the reader expects. */
export type JsonFault = (file: string, path: string, expected: string, actual: string) => DowncastError

/** A place in the JSON of a file. Every reading method throws its fault with the path when the value is of another kind. */
export class JsonCursor {
  readonly file: string
  /** `config.layers[3].class_name`; empty at the root. */
  readonly path: string
  readonly value: Json | undefined
  readonly #fault: JsonFault

  constructor(fault: JsonFault, file: string, path: string, value: Json | undefined) {
    this.#fault = fault
    this.file = file
    this.path = path
    this.value = value
  }

  at(name: string): JsonCursor {
    return new JsonCursor(this.#fault, this.file, this.path === '' ? name : `${this.path}.${name}`, member(this.object(), name))
  }

  get isAbsent(): boolean {
    return this.value === undefined || this.value === null
  }

  object(): JsonObject {
    return isJsonObject(this.value) ? this.value : this.fail('an object')
  }

  array(): readonly JsonCursor[] {
    if (!Array.isArray(this.value)) return this.fail('an array')
    return (this.value as readonly Json[]).map((v, i) => new JsonCursor(this.#fault, this.file, `${this.path}[${i}]`, v))
  }

  string(): string {
    return typeof this.value === 'string' ? this.value : this.fail('a string')
  }

  optionalString(): string | undefined {
    return this.isAbsent ? undefined : this.string()
  }

  /** A finite number. */
  number(): number {
    return typeof this.value === 'number' && Number.isFinite(this.value) ? this.value : this.fail('a number')
  }

  /** An integer that is not negative. */
  index(): number {
    const { value } = this
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : this.fail('an index')
  }

  fail(expected: string): never {
    const text = JSON.stringify(this.value) ?? 'nothing'
    throw this.#fault(this.file, this.path, expected, text.length > 60 ? `${text.slice(0, 60)}...` : text)
  }
}
