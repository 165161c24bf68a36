import { limitExceeded, malformed, truncated } from './diagnostics.ts'
import { formatPath, type PathNode } from './protobuf-cursor.ts'

/** What is being decoded, shared by all cursors over it. */
export interface TextInput {
  readonly file: string
  readonly bytes: Uint8Array
  /** Numbers of enumeration values by name; the messages have one enumeration only. */
  readonly enumeration: ReadonlyMap<string, number>
  /** How many nested messages may still be decoded. */
  messagesLeft: number
}

const code = (c: string): number => c.charCodeAt(0)
const utf8 = new TextDecoder()
const maxDepth = 100
const [hash, newline, backslash, quote, apostrophe, minus] = [code('#'), 10, code('\\'), code('"'), code("'"), code('-')]
/** The byte that closes what a byte opens. */
const closers: ReadonlyMap<number, number> = new Map([
  [code('{'), code('}')],
  [code('<'), code('>')],
  [code('['), code(']')],
])
const escapes: ReadonlyMap<number, number> = new Map(
  [...'n\nr\rt\ta\x07b\bf\fv\v'].flatMap((c, i, all) => (i % 2 ? [] : [[code(c), code(all[i + 1]!)]])),
)

function isSpace(b: number): boolean {
  return b === 32 || (b >= 9 && b <= 13)
}

/** Letters, digits, `_` and what numbers have besides. */
function isWordByte(b: number): boolean {
  return (b >= 48 && b <= 57) || (b >= 65 && b <= 90) || (b >= 97 && b <= 122) || b === 95 || b === 46 || b === 43
}

/** Tokens of protobuf's text format. @see https://protobuf.dev/reference/protobuf/textformat-spec/ */
export class TextCursor {
  readonly input: TextInput
  position: number
  readonly end: number
  path: PathNode | undefined

  constructor(input: TextInput, start: number, end: number, path: PathNode | undefined) {
    this.input = input
    this.position = start
    this.end = end
    this.path = path
  }

  get where(): { file: string; offset: number; lineColumn: string; path: string } {
    const { bytes, file } = this.input
    let line = 1
    let lineStart = 0
    for (let at = bytes.indexOf(newline); at >= 0 && at < this.position; at = bytes.indexOf(newline, at + 1)) {
      line++
      lineStart = at + 1
    }
    return { file, offset: this.position, lineColumn: `${line}:${this.position - lineStart + 1}`, path: formatPath(this.path) }
  }

  fail(what: string, expected: string): never {
    if (this.next() < 0) throw truncated({ ...this.where, what, expected, actual: 'the end' })
    const { bytes } = this.input
    const actual = JSON.stringify(utf8.decode(bytes.subarray(this.position, Math.min(this.end, this.position + 20))))
    throw malformed({ ...this.where, what, expected, actual })
  }

  /** The next byte that is no space and in no comment, which stays; -1 at the end. */
  next(): number {
    const { bytes } = this.input
    while (this.position < this.end) {
      const b = bytes[this.position]!
      if (b === hash) {
        const line = bytes.indexOf(newline, this.position)
        this.position = line < 0 || line > this.end ? this.end : line
      } else if (isSpace(b)) this.position++
      else return b
    }
    return -1
  }

  /** Passes over a byte when it is next. */
  takes(c: string): boolean {
    if (this.next() !== code(c)) return false
    this.position++
    return true
  }

  /** A field's name; that of an extension, in brackets, is given as it stands. */
  name(): string {
    if (this.next() === code('[')) {
      const start = this.position
      this.#passBrackets()
      return this.#text(start)
    }
    const start = this.position
    const word = this.#word()
    if (/^\w+$/.test(word)) return word
    this.position = start
    return this.fail('field name', 'a name')
  }

  /** A number or name, with its sign. */
  literal(what: string): string {
    const b = this.next()
    if (b !== minus) return this.#word(what)
    this.position++
    this.next()
    return `-${this.#word(what)}`
  }

  /** One or more quoted strings, joined. */
  bytes(): Uint8Array {
    const parts: Uint8Array[] = []
    for (let b = this.next(); b === quote || b === apostrophe; b = this.next()) parts.push(this.#quoted(b))
    if (parts.length === 0) this.fail('string', 'quotes')
    if (parts.length === 1) return parts[0]!
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
    parts.reduce((at, p) => {
      out.set(p, at)
      return at + p.length
    }, 0)
    return out
  }

  /** Opens a message; gives the byte that closes it. */
  open(): string {
    this.takes(':')
    if (this.takes('{')) return '}'
    return this.takes('<') ? '>' : this.fail('message', '{')
  }

  /** Passes over a value of any kind, without looking into it. */
  skipValue(): void {
    this.takes(':')
    const b = this.next()
    if (closers.has(b)) this.#passBrackets()
    else if (b === quote || b === apostrophe) this.bytes()
    else this.literal('value')
  }

  /** Passes over what stands between brackets, which are next; gives where it begins. */
  #passBrackets(): number {
    const start = this.position + 1
    const open: number[] = []
    do {
      const b = this.next()
      if (b < 0) this.fail('text', String.fromCharCode(open.at(-1)!))
      if (b === quote || b === apostrophe) {
        this.#pastQuote(b)
        continue
      }
      const closer = closers.get(b)
      if (closer !== undefined) {
        if (open.length >= maxDepth) throw limitExceeded({ ...this.where, what: 'nesting', expected: `at most ${maxDepth} levels` })
        open.push(closer)
      } else if (b === open.at(-1)) open.pop()
      else if (b === code('}') || b === code('>') || b === code(']')) this.fail('text', String.fromCharCode(open.at(-1)!))
      this.position++
    } while (open.length > 0)
    return start
  }

  /** The range inside the braces of the message that is next. */
  messageRange(): { start: number; end: number } {
    this.takes(':')
    const b = this.next()
    if (b !== code('{') && b !== code('<')) this.fail('message', '{')
    const start = this.#passBrackets()
    return { start, end: this.position - 1 }
  }

  #word(what = 'field name'): string {
    const { bytes } = this.input
    const start = this.position
    let p = start
    // The sign of an exponent: 1e-05.
    while (p < this.end && (isWordByte(bytes[p]!) || (bytes[p] === minus && p > start && (bytes[p - 1]! | 32) === code('e')))) p++
    if (p === start || p - start > 4096) return this.fail(what, 'a name or number')
    this.position = p
    return this.#text(start)
  }

  #text(start: number): string {
    return utf8.decode(this.input.bytes.subarray(start, this.position))
  }

  /** Moves behind the closing quote; says whether there are escapes. */
  #pastQuote(mark: number): boolean {
    const { bytes } = this.input
    let hasEscapes = false
    for (let p = this.position + 1; p < this.end; p++) {
      const b = bytes[p]!
      if (b === mark) {
        this.position = p + 1
        return hasEscapes
      }
      if (b === newline) break
      if (b === backslash) {
        hasEscapes = true
        p++
      }
    }
    throw truncated({ ...this.where, what: 'string', expected: `a closing ${String.fromCharCode(mark)}` })
  }

  #quoted(mark: number): Uint8Array {
    const { bytes } = this.input
    const start = this.position + 1
    if (!this.#pastQuote(mark)) return bytes.subarray(start, this.position - 1)
    const end = this.position - 1
    const out = new Uint8Array(end - start)
    let n = 0
    for (let p = start; p < end; ) {
      const b = bytes[p++]!
      if (b !== backslash) {
        out[n++] = b
        continue
      }
      const kind = bytes[p++]!
      if (kind >= 48 && kind <= 55) {
        let value = kind - 48
        for (const most = Math.min(end, p + 2); p < most && bytes[p]! >= 48 && bytes[p]! <= 55; p++) value = 8 * value + bytes[p]! - 48
        out[n++] = value
      } else if (kind === code('x') || kind === code('X') || kind === code('u') || kind === code('U')) {
        const most = kind === code('u') ? 4 : kind === code('U') ? 8 : 2
        const hex = /^[0-9A-Fa-f]*/.exec(String.fromCharCode(...bytes.subarray(p, Math.min(end, p + most))))![0]
        p += hex.length
        const value = Number.parseInt(hex, 16)
        if (most === 2 && hex !== '') out[n++] = value
        else if (most > 2 && hex.length === most && value <= 0x10ffff) {
          // Shorter than the escape itself.
          const point = new TextEncoder().encode(String.fromCodePoint(value))
          out.set(point, n)
          n += point.length
        } else {
          this.position = p
          this.fail('escape', 'hexadecimal digits')
        }
      } else out[n++] = escapes.get(kind) ?? kind
    }
    return out.subarray(0, n)
  }
}
