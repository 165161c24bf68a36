import { parseGraph, parseModel } from '../ir/parse.ts'
import { type PrintOptions, printGraph, printModel, type TextRecords } from '../ir/print.ts'
import { type Attrs, type Graph, type Model, noOrigin } from '../ir/types.ts'
import { findSpec } from './index.ts'
import { viewNode } from './view.ts'

const defaults = new Map<string, Attrs | undefined>()

/** What the op records tell the IR text. */
export const textRecords: TextRecords = {
  defaultsOf(op) {
    if (!defaults.has(op)) {
      const spec = findSpec(op)
      const entries = Object.entries(spec?.attrs ?? {}).flatMap(([key, a]) => ('default' in a ? [[key, a.default] as const] : []))
      defaults.set(op, spec ? (Object.fromEntries(entries) as Attrs) : undefined)
    }
    return defaults.get(op)
  },
  infer(op, attrs, operands) {
    const spec = findSpec(op)
    return spec?.infer(viewNode(spec, attrs, operands, noOrigin) as never)
  },
}

/** A graph as IR text, attributes at their record's default left out. */
export function graphToText(graph: Graph, options: Omit<PrintOptions, 'records'> = {}): string {
  return printGraph(graph, { ...options, records: textRecords })
}

/** A model as IR text. */
export function modelToText(model: Model, options: Omit<PrintOptions, 'records'> = {}): string {
  return printModel(model, { ...options, records: textRecords })
}

/** A graph from IR text; attributes and result types that are not written come from the records. Throws `import/ir-syntax`. */
export function graphFromText(text: string, file?: string): Graph {
  return parseGraph(text, { records: textRecords, ...(file ? { file } : {}) })
}

/** A model from IR text. Throws `import/ir-syntax`. */
export function modelFromText(text: string, file?: string): Model {
  return parseModel(text, { records: textRecords, ...(file ? { file } : {}) })
}
