import { Cursor, type Range } from './cursor.ts'

/** Version 6 is what StableHLO's portable artifacts are written in; later ones may order things otherwise. */
const newestVersion = 6

const sectionId = { strings: 0, dialects: 1, entries: 2, offsets: 3, ir: 4, properties: 8 }

/** An attribute or type: the bytes that hold it. */
export interface Entry extends Range {
  readonly dialect: string
  /** In the dialect's own encoding; else as text. */
  readonly isEncoded: boolean
}

export interface OpName {
  /** `vhlo.add_v1` */
  readonly name: string
  /** Known to who wrote it, so that its properties are in its own encoding. */
  readonly isRegistered: boolean
}

/** The tables of a file; what is in their entries is read later. */
export interface Sections {
  readonly version: number
  readonly strings: StringTable
  readonly opNames: readonly OpName[]
  readonly attributes: readonly Entry[]
  readonly types: readonly Entry[]
  readonly properties: readonly Range[]
  readonly ir: Range
}

export function readSections(cursor: Cursor): Sections {
  const version = readHeader(cursor)
  const ranges = new Map<number, Range>()
  while (cursor.left > 0) {
    const at = cursor.position
    const { id, range } = cursor.section()
    if (ranges.has(id)) throw cursor.fault('section', 'one of its kind', `a second section ${id}`, at)
    ranges.set(id, range)
  }
  const section = (name: keyof typeof sectionId): Range => {
    const range = ranges.get(sectionId[name])
    if (!range) throw cursor.fault('module', `a section of ${name}`, 'none')
    return range
  }
  const strings = new StringTable(cursor.over(section('strings')))
  const { dialects, opNames } = readDialects(cursor.over(section('dialects')), version, strings)
  const [attributes, types] = readEntries(cursor.over(section('offsets')), section('entries'), dialects)
  const properties = ranges.has(sectionId.properties) ? readProperties(cursor.over(section('properties'))) : []
  return { version, strings, opNames, attributes, types, properties, ir: section('ir') }
}

const magic = [0x4d, 0x4c, 0xef, 0x52]

function readHeader(cursor: Cursor): number {
  if (magic.some((byte) => cursor.left === 0 || cursor.byte() !== byte)) throw cursor.fault('module', 'MLIR bytecode', 'something else', 0)
  const version = cursor.varint()
  if (version > newestVersion) throw cursor.limit('version of MLIR bytecode', `at most ${newestVersion}`, `${version}`)
  cursor.zeroTerminated('producer')
  return version
}

/** Texts are decoded when asked for. */
export class StringTable {
  readonly #cursor: Cursor
  readonly #ends: number[]
  readonly #texts: (string | undefined)[] = []

  /** Lengths are stored from the last to the first, the 0 after each text included. */
  constructor(cursor: Cursor) {
    const count = cursor.count('count of strings', 2)
    const ends = new Array<number>(count + 1)
    let end = cursor.end
    for (let i = count; i > 0; i--) {
      ends[i] = end
      const length = cursor.varint()
      if (length === 0 || length > end - cursor.position) throw cursor.fault('string', 'to lie in its section', `a length of ${length}`)
      end -= length
    }
    ends[0] = end
    this.#cursor = cursor
    this.#ends = ends
  }

  get count(): number {
    return this.#ends.length - 1
  }

  get(index: number): string {
    const text = this.#texts[index] ?? this.#cursor.text(this.#ends[index]!, this.#ends[index + 1]! - 1)
    this.#texts[index] = text
    return text
  }

  read(cursor: Cursor): string {
    return this.get(cursor.index('string', this.count))
  }

  /** The lowest bit of the index says something else. */
  readFlagged(cursor: Cursor): { readonly text: string; readonly flag: boolean } {
    const at = cursor.position
    const packed = cursor.varint()
    return { text: this.get(cursor.checked(Math.floor(packed / 2), 'string', this.count, at)), flag: packed % 2 === 1 }
  }
}

function readDialects(cursor: Cursor, version: number, strings: StringTable) {
  const count = cursor.count('count of dialects')
  const dialects: string[] = []
  for (let i = 0; i < count; i++) {
    const { text, flag } = version >= 1 ? strings.readFlagged(cursor) : { text: strings.read(cursor), flag: false }
    dialects.push(checkedName(text, cursor))
    if (flag) cursor.section()
  }
  const opNames: OpName[] = []
  if (version >= 4) cursor.count('count of names of ops')
  while (cursor.left > 0) {
    const dialect = dialects[cursor.index('dialect', count)]!
    for (let n = cursor.count('count of names of ops'); n > 0; n--) {
      const { text, flag } = version >= 5 ? strings.readFlagged(cursor) : { text: strings.read(cursor), flag: true }
      checkedName(text, cursor)
      opNames.push({ name: text === '' ? dialect : `${dialect}.${text}`, isRegistered: flag })
    }
  }
  return { dialects, opNames }
}

/** Names are joined, so that long ones used often would take up much memory. */
function checkedName(name: string, cursor: Cursor): string {
  if (name.length > 256) throw cursor.limit('name of a dialect or op', 'at most 256 letters', `${name.length}`)
  return name
}

/** Lengths of attributes, then of types, in groups by dialect. */
function readEntries(cursor: Cursor, within: Range, dialects: readonly string[]): [Entry[], Entry[]] {
  const counts = [cursor.count('count of attributes'), cursor.count('count of types')]
  const entries = new Cursor(cursor.bytes, cursor.file, within.start, within.end)
  const [attributes = [], types = []] = counts.map((count) => {
    const list: Entry[] = []
    while (list.length < count) {
      const dialect = dialects[cursor.index('dialect', dialects.length)]!
      const at = cursor.position
      const size = cursor.count('count of entries')
      if (size === 0 || size > count - list.length) throw cursor.fault('group of entries', `1 to ${count - list.length}`, `${size}`, at)
      for (let n = size; n > 0; n--) {
        const packed = cursor.varint()
        list.push({ dialect, isEncoded: packed % 2 === 1, ...entries.range(Math.floor(packed / 2), 'entry') })
      }
    }
    return list
  })
  return [attributes, types]
}

function readProperties(cursor: Cursor): Range[] {
  if (cursor.left === 0) return []
  return Array.from({ length: cursor.count('count of property lists') }, () => cursor.range(cursor.varint(), 'property list'))
}
