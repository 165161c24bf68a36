const utf8 = new TextEncoder()

/**
 * Writes protobuf messages field by field, in the order of the calls: equal calls give equal bytes.
 * @see https://protobuf.dev/programming-guides/encoding
 */
export class ProtobufWriter {
  readonly #out: number[] = []

  bytes(): Uint8Array {
    return Uint8Array.from(this.#out)
  }

  /** int32, int64, bool, enum; negative numbers take ten bytes, as the format has it. */
  varint(field: number, value: number | bigint | boolean): this {
    this.#raw(field * 8)
    this.#raw(BigInt.asUintN(64, BigInt(value)))
    return this
  }

  float(field: number, value: number): this {
    this.#raw(field * 8 + 5)
    this.#out.push(...floatBytes(value))
    return this
  }

  /** string, bytes or a nested message. */
  delimited(field: number, value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? utf8.encode(value) : value
    this.#raw(field * 8 + 2)
    this.#raw(bytes.byteLength)
    for (const byte of bytes) this.#out.push(byte)
    return this
  }

  /** A repeated number, packed; nothing when it has no elements. */
  packed(field: number, values: readonly (number | bigint | boolean)[]): this {
    if (values.length === 0) return this
    const inner = new ProtobufWriter()
    for (const v of values) inner.#raw(BigInt.asUintN(64, BigInt(v)))
    return this.delimited(field, inner.bytes())
  }

  /** Repeated floats, packed. */
  packedFloats(field: number, values: readonly number[]): this {
    return values.length === 0 ? this : this.delimited(field, Uint8Array.from(values.flatMap(floatBytes)))
  }

  #raw(value: number | bigint): void {
    let left = BigInt(value)
    for (; left >= 128n; left >>= 7n) this.#out.push(Number(left & 127n) | 128)
    this.#out.push(Number(left))
  }
}

function floatBytes(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)]
}
