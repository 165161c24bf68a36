import { mkdirSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { printDot } from '../src/ir/dot.ts'
import { printGraph } from '../src/ir/print.ts'
import type { Graph } from '../src/ir/types.ts'
import { textRecords } from '../src/ops/text.ts'
import { unwritableOutput } from '../src/platform/diagnostics.ts'
import { malformedValue } from './diagnostics.ts'

/** Sees each graph after each pass. */
type OnPass = (pass: string, graph: Graph) => void

/** Constants of up to this many elements are written whole. */
const wholeElements = 8

/**
 * Writes graphs below `dir`, one file for each pass that changed one: `003-fuse.main.ir`, `.dot` in the language of Graphviz. The folder is made.
 * Throws export/unwritable-output.
 */
export function irTracer(dir: string, form: 'text' | 'dot'): OnPass {
  const last = new Map<string, string>()
  let number = 0
  return (pass, graph) => {
    const text = printGraph(graph, { records: textRecords, inlineElements: wholeElements })
    if (last.get(graph.name) === text) return
    last.set(graph.name, text)
    const name = `${String(number++).padStart(3, '0')}-${plain(pass)}.${plain(graph.name)}`
    try {
      mkdirSync(dir, { recursive: true })
      const title = `// ${plain(graph.name)} after ${plain(pass)}\n`
      if (form === 'dot') writeFileSync(path.join(dir, `${name}.dot`), title + printDot(graph))
      else writeFileSync(path.join(dir, `${name}.ir`), `${title}${text}\n`)
    } catch (e) {
      throw unwritableOutput(dir, e instanceof Error ? e.message : String(e), { cause: e })
    }
  }
}

/** Graphs are called what the model says. */
function plain(name: string): string {
  return name.replace(/[^\w.-]+/g, '_').slice(0, 80)
}

export function both(a: OnPass | undefined, b: OnPass | undefined): OnPass | undefined {
  if (!a || !b) return a ?? b
  return (name, graph) => {
    a(name, graph)
    b(name, graph)
  }
}

/** Prints graphs after the passes whose names match the regular expression. Throws cli/malformed-value. */
export function irPrinter(pattern: string | undefined, print: (text: string) => void): OnPass | undefined {
  if (pattern === undefined) return undefined
  const matches = regex(pattern)
  return (name, graph) => {
    if (matches.test(name)) print(`// ${graph.name} after ${name}\n${printGraph(graph, { records: textRecords })}\n\n`)
  }
}

function regex(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e
    throw malformedValue('--print-ir-after', pattern, 'a regular expression')
  }
}
