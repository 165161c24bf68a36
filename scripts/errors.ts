/** tsx scripts/errors.ts: writes docs/errors.md, the list of error codes, from the factories in the sources. A test keeps it up to date. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')

export interface CatalogueEntry {
  readonly code: string
  /** The factory's own description, else the message with `...` for what it names. */
  readonly meaning: string
  readonly hint: string | undefined
}

const stages: Readonly<Record<string, string>> = {
  cli: 'The command line itself; exit code 2.',
  wire: 'Bytes of a file that its format does not allow. The message states the file, the byte and the path in the format.',
  import: 'Reading a model, or opening its files.',
  lower: 'Turning the framework’s ops into those of TFLite.',
  optimize: 'Rewriting the graph.',
  quantize: 'Storing weights in less than float32.',
  calibrate: 'Finding the ranges of activations from samples.',
  export: 'Writing files.',
  run: 'Running models, and the data they are run on.',
  parity: 'Comparing a written model with its source.',
  inspect: 'Looking into a file.',
  report: 'Pages and pictures of a file.',
  compare: 'Running models side by side.',
  deploy: 'Sources for the device.',
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !/\.(test|testkit)\.ts$/.test(f))
    .map((f) => path.join(folder, f))
    .sort()
}

/** Every code of the sources, sorted within its stage, stages in the order of the pipeline. */
export function errorCatalogue(): CatalogueEntry[] {
  const entries = new Map<string, CatalogueEntry>()
  for (const file of [...sourcesBelow('cli'), ...sourcesBelow('src')]) {
    const text = readFileSync(path.join(root, file), 'utf8')
    const declarations = [...text.matchAll(/(?:\/\*\*((?:(?!\*\/).)*)\*\/\n)?^(?:export )?(?:function|const) \w+/gms)]
    // In a catalogue every literal of the form stage/reason is a code; elsewhere only the value of `code`.
    const codes = path.basename(file) === 'diagnostics.ts' ? /'((?:[a-z]+)\/[a-z0-9-]+)'/g : /code: '((?:[a-z]+)\/[a-z0-9-]+)'/g
    for (const match of text.matchAll(codes)) {
      const code = match[1]!
      if (!Object.hasOwn(stages, code.split('/')[0]!) || entries.get(code)?.meaning) continue
      const declaration = declarations.filter((d) => d.index < match.index).at(-1)
      const end = text.indexOf('\n}', match.index)
      const body = text.slice(match.index, end < 0 ? undefined : end)
      entries.set(code, { code, meaning: docOf(declaration?.[1]) ?? messageOf(body) ?? '', hint: plainHint(body) })
    }
  }
  const order = Object.keys(stages)
  const stageOf = (e: CatalogueEntry) => order.indexOf(e.code.split('/')[0]!)
  return [...entries.values()].sort((a, b) => stageOf(a) - stageOf(b) || (a.code < b.code ? -1 : 1))
}

function docOf(comment: string | undefined): string | undefined {
  const text = comment
    ?.replace(/^\s*\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
  // What only a caller of the factory needs: parameters, and what follows a semicolon.
  if (text === undefined || /^[@`]/.test(text)) return undefined
  return text.replace(/;\s*`.*$/, '').replace(/\.?$/, '.')
}

/** The message as written in the source, `...` for what it is made of. */
function messageOf(body: string): string | undefined {
  const start = /(?:message: |^'[^']*',\s*)(?=[`'])/.exec(body)
  if (!start) return undefined
  const from = start.index + start[0].length
  const quote = body[from]!
  let text = ''
  for (let i = from + 1; i < body.length && body[i] !== quote; i++) {
    if (body[i] === '\\') text += body[++i]
    else if (body.startsWith('${', i)) {
      i = closingBrace(body, i + 1)
      text += '...'
    } else text += body[i]
  }
  return text.replaceAll(/(?:\.\.\.\s?){2,}/g, '... ').replaceAll('"..."', '...')
}

/** The end of `{ ... }` in a template, templates within it included. */
function closingBrace(body: string, open: number): number {
  let depth = 0
  for (let i = open; i < body.length; i++) {
    if (body[i] === '{') depth++
    if (body[i] === '}' && --depth === 0) return i
  }
  return body.length
}

/** A hint that is the same every time. */
function plainHint(body: string): string | undefined {
  return /hint: '((?:[^'\\]|\\.)*)'/.exec(body)?.[1]
}

export function errorsPage(): string {
  const entries = errorCatalogue()
  const sections = Object.entries(stages).flatMap(([stage, about]) => {
    const rows = entries.filter((e) => e.code.startsWith(`${stage}/`))
    if (rows.length === 0) return []
    const cell = (text: string) => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;')
    return [
      `## ${stage}`,
      about,
      '',
      '| code | when | what to do |',
      '|---|---|---|',
      ...rows.map((e) => `| \`${e.code}\` | ${cell(e.meaning)} | ${cell(e.hint ?? '')} |`),
      '',
    ]
  })
  return `# Error codes

Made by \`scripts/errors.ts\` from the sources; not edited by hand. Codes are stable: they are part of the interface, as \`error.code\` in the library
and in \`--json\`. Where several problems are found at once, \`error.diagnostics\` lists them all. Exit codes: 1 the model or the data is at
fault, 2 the command is, 70 downcast itself.

${sections.join('\n')}`
}

if (process.argv[1] === import.meta.filename) {
  const file = path.join(root, 'docs/errors.md')
  writeFileSync(file, errorsPage())
  process.stdout.write(`wrote ${path.relative(process.cwd(), file)}, ${errorCatalogue().length} codes\n`)
}
