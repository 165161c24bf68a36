import { isJsonObject, type Json, type JsonObject, member } from '../../core/json.ts'
import { badConfig } from './diagnostics.ts'

/** A place in the configuration JSON. Every reading method throws `import/keras-config` with the path when the value is of another kind. */
export class ConfigCursor {
  readonly file: string
  /** `config.layers[3].class_name`; empty at the root. */
  readonly path: string
  readonly value: Json | undefined

  constructor(file: string, path: string, value: Json | undefined) {
    this.file = file
    this.path = path
    this.value = value
  }

  at(name: string): ConfigCursor {
    return new ConfigCursor(this.file, this.path === '' ? name : `${this.path}.${name}`, member(this.object(), name))
  }

  get isAbsent(): boolean {
    return this.value === undefined || this.value === null
  }

  object(): JsonObject {
    return isJsonObject(this.value) ? this.value : this.fail('an object')
  }

  array(): readonly ConfigCursor[] {
    if (!Array.isArray(this.value)) return this.fail('an array')
    return (this.value as readonly Json[]).map((v, i) => new ConfigCursor(this.file, `${this.path}[${i}]`, v))
  }

  string(): string {
    return typeof this.value === 'string' ? this.value : this.fail('a string')
  }

  optionalString(): string | undefined {
    return this.isAbsent ? undefined : this.string()
  }

  /** An integer that is not negative. */
  index(): number {
    const { value } = this
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : this.fail('an index')
  }

  fail(expected: string): never {
    const text = JSON.stringify(this.value) ?? 'nothing'
    throw badConfig(this.file, this.path, expected, text.length > 60 ? `${text.slice(0, 60)}...` : text)
  }
}
