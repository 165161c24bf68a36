import { irSyntax } from './diagnostics.ts'

const punctuation = /[\s,(){}=:@!<>]/

/** The words, numbers and strings of IR text, and errors that say where in it. Throws `import/ir-syntax`. */
export class TextScanner {
  protected readonly text: string
  protected readonly file: string
  protected at = 0

  constructor(text: string, file: string) {
    this.text = text
    this.file = file
  }

  protected number(): number {
    const pattern = /-?(?:inf\b|nan\b|\d+(?:\.\d+)?(?:e[-+]?\d+)?)/y
    this.skip()
    pattern.lastIndex = this.at
    const m = pattern.exec(this.text)
    if (!m) throw this.error('a number')
    this.at += m[0].length
    return m[0] === 'nan' ? Number.NaN : Number(m[0].replace('inf', 'Infinity'))
  }

  protected nameOrString(): string {
    return this.peek() === '"' ? this.string() : this.name()
  }

  protected name(): string {
    const pattern = /[A-Za-z_][A-Za-z0-9_-]*/y
    this.skip()
    pattern.lastIndex = this.at
    const m = pattern.exec(this.text)
    if (!m) throw this.error('a name')
    this.at += m[0].length
    return m[0]
  }

  protected string(): string {
    const pattern = /"(?:[^"\\\n]|\\.)*"/y
    this.skip()
    pattern.lastIndex = this.at
    const m = pattern.exec(this.text)
    if (!m) throw this.error('a quoted string')
    try {
      const text = JSON.parse(m[0]) as string
      this.at += m[0].length
      return text
    } catch {
      throw this.error('a quoted string')
    }
  }

  protected hex(): Uint8Array {
    const pattern = /x"((?:[0-9a-f]{2})*)"/y
    this.skip()
    pattern.lastIndex = this.at
    const m = pattern.exec(this.text)
    if (!m) throw this.error('bytes such as x"00ff"')
    this.at += m[0].length
    return Uint8Array.from(m[1]!.match(/../g) ?? [], (h) => Number.parseInt(h, 16))
  }

  protected skip(): number {
    const space = /(?:\s|\/\/[^\n]*)*/y
    space.lastIndex = this.at
    space.exec(this.text)
    this.at = Math.max(this.at, space.lastIndex)
    return this.at
  }

  protected done(): boolean {
    return this.skip() === this.text.length
  }

  protected peek(): string {
    return this.text[this.skip()] ?? ''
  }

  protected take(token: string): boolean {
    if (!this.text.startsWith(token, this.skip())) return false
    this.at += token.length
    return true
  }

  protected expect(token: string): void {
    if (!this.take(token)) throw this.error(`"${token}"`)
  }

  protected peekWord(word: string): boolean {
    return this.text.startsWith(word, this.skip()) && !/[A-Za-z0-9_-]/.test(this.text[this.at + word.length] ?? '')
  }

  protected word(word: string): boolean {
    if (!this.peekWord(word)) return false
    this.at += word.length
    return true
  }

  protected expectWord(word: string): void {
    if (!this.word(word)) throw this.error(word)
  }

  protected fail(expected: string, at: number): never {
    throw this.error(expected, at)
  }

  protected error(expected: string, at = this.skip()) {
    const before = this.text.slice(0, at)
    const line = before.split('\n').length
    const column = at - before.lastIndexOf('\n')
    const rest = this.text.slice(at)
    const end = rest.slice(1).search(punctuation) + 1
    const found = rest === '' ? 'the end of the text' : `"${rest.slice(0, end > 0 ? Math.min(end, 30) : 30)}"`
    return irSyntax(this.file, line, column, expected, found)
  }

  protected numbers(): number[] {
    this.expect('[')
    const list: number[] = []
    while (!this.take(']')) {
      list.push(this.number())
      if (this.peek() !== ']') this.expect(',')
    }
    return list
  }
}
