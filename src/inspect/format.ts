import {
  converterName,
  formatAmount,
  formatBytes,
  formatCount,
  formatQuantization,
  formatRange,
  formatTensorList,
  formatTensorShape,
  listOptions,
  printable,
  rangeReason,
} from './notation.ts'
import { textTable } from './text-table.ts'
import type { Inspection, OperatorInfo, PortInfo, SubgraphInfo, TensorInfo } from './types.ts'

export interface FormatOptions {
  /** Rows of one table at most; default 40. */
  readonly maxRows?: number
}

/** Longest name in a table. */
const maxName = 56

/** An inspection for the terminal: facts, inputs and outputs, sizes, then operators and tensors. Ends without a line break. */
export function formatInspection(inspection: Inspection, options: FormatOptions = {}): string {
  const maxRows = options.maxRows ?? 40
  const sections = [
    facts(inspection),
    ...interfaces(inspection),
    sizeTable(inspection),
    ...inspection.subgraphs.flatMap((graph) => [operatorTable(inspection, graph, maxRows), tensorTable(inspection, graph, maxRows)]),
    bufferNotes(inspection),
    warnings(inspection),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function facts(i: Inspection): string[] {
  const { file, conversion, cost, sizes } = i
  const operators = i.subgraphs.reduce((n, g) => n + g.operators.length, 0)
  const rows: [string, string][] = [
    ['file', `${printable(file.name)}, ${formatCount(file.sizeBytes)} bytes (${formatBytes(file.sizeBytes)})`],
    ['runtime', `schema ${file.schemaVersion}${i.minRuntimeVersion ? `, at least ${printable(i.minRuntimeVersion)}` : ''}`],
    ['description', printable(i.description)],
    ['converted', conversion ? describeConversion(conversion) : ''],
    ['sha256', file.sha256 ?? ''],
    ['weights', `${formatCount(sizes.weightBytes)} bytes, ${formatCount(cost.parameters)} parameters${byDType(i)}`],
    ['overhead', `${formatCount(sizes.overheadBytes)} bytes of structure, ${formatCount(sizes.metadataBytes)} of metadata${waste(i)}`],
    ['work', `${formatCount(cost.macs)} MACs in ${formatCount(operators)} operators${withoutCost(i)}`],
    ['memory', `${formatCount(cost.peakActivationBytes)} bytes of activations at the peak (estimate)`],
  ]
  return textTable(
    [{ title: '' }, { title: '' }],
    rows.filter(([, text]) => text !== ''),
    '',
  )
}

function describeConversion(c: NonNullable<Inspection['conversion']>): string {
  const modes = c.optimizationModes.length > 0 ? `, ${c.optimizationModes.join(', ')}` : ''
  const ops = `${c.allowCustomOps ? ', custom ops allowed' : ''}${c.enableSelectTfOps ? ', TensorFlow ops allowed' : ''}`
  return `by ${printable(converterName(c))} from ${c.modelType}${modes}${ops}`
}

function byDType({ sizes }: Inspection): string {
  const parts = sizes.byDType.map((d) => `${d.dtype} ${formatBytes(d.sizeBytes)}`)
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

function waste({ sizes }: Inspection): string {
  const parts = [
    ...(sizes.duplicateBytes > 0 ? [`${formatCount(sizes.duplicateBytes)} stored twice`] : []),
    ...(sizes.unusedBytes > 0 ? [`${formatCount(sizes.unusedBytes)} unused`] : []),
    ...(sizes.zeroBytes > 0 ? [`${formatCount(sizes.zeroBytes)} zeros`] : []),
  ]
  return parts.length > 0 ? `; ${parts.join(', ')}` : ''
}

function withoutCost({ cost }: Inspection): string {
  return cost.opsWithoutCost.length > 0 ? `, not counting ${cost.opsWithoutCost.map((op) => printable(op)).join(', ')}` : ''
}

/** Signatures, and the bare inputs and outputs of a file without. */
function interfaces(i: Inspection): string[][] {
  const signatures = i.signatures.length > 0 ? i.signatures : [{ key: '', inputs: i.inputs, outputs: i.outputs }]
  return signatures.map(({ key, inputs, outputs }) => {
    const rows = [...inputs.map((p) => portRow(i, 'in', p)), ...outputs.map((p) => portRow(i, 'out', p))]
    const columns = ['', 'name', 'type', 'shape', 'quantization', 'values', 'tensor'].map((title) => ({ title }))
    return [key === '' ? 'Inputs and outputs' : `Signature ${printable(key)}`, ...textTable(columns, rows)]
  })
}

function portRow(i: Inspection, side: string, port: PortInfo): string[] {
  const tensor = i.subgraphs[port.subgraph]!.tensors[port.tensor]!
  const range = formatRange(tensor.range)
  return [
    side,
    printable(port.name, maxName),
    tensor.dtype,
    formatTensorShape(tensor.shapeSignature),
    formatQuantization(tensor.quantization) ?? 'none',
    range === undefined ? 'not stated' : `${range}, ${rangeReason(tensor.range!)}`,
    String(port.tensor),
  ]
}

function sizeTable({ sizes }: Inspection): string[] {
  const rows = sizes.byOp.map((s) => [
    printable(s.op, maxName),
    formatCount(s.count),
    formatCount(s.weightBytes),
    percent(s.weightBytes, sizes.fileBytes),
    formatCount(s.parameters),
    s.macs === null ? 'unknown' : formatAmount(s.macs),
  ])
  const right = (title: string) => ({ title, align: 'right' as const })
  const columns = [{ title: 'op' }, right('count'), right('weight bytes'), right('of file'), right('parameters'), right('MACs')]
  return rows.length > 0 ? ['Sizes by op', ...textTable(columns, rows)] : []
}

function percent(part: number, whole: number): string {
  return whole > 0 && part > 0 ? `${((100 * part) / whole).toFixed(1)}%` : ''
}

function title(i: Inspection, graph: SubgraphInfo, what: string, count: number): string {
  const where = i.subgraphs.length > 1 ? ` of subgraph ${graph.index} ${printable(graph.name, maxName)}` : ''
  return `${what}${where} (${formatCount(count)})`
}

function operatorTable(i: Inspection, graph: SubgraphInfo, maxRows: number): string[] {
  const rows = graph.operators.slice(0, maxRows).map((o) => operatorRow(graph, o))
  const right = (t: string) => ({ title: t, align: 'right' as const })
  const columns = [
    right('#'),
    { title: 'op' },
    { title: 'in -> out' },
    { title: 'result' },
    right('weights'),
    right('MACs'),
    { title: 'layer' },
    { title: 'options' },
  ]
  return limited(title(i, graph, 'Operators', graph.operators.length), textTable(columns, rows), graph.operators.length, maxRows)
}

function operatorRow(graph: SubgraphInfo, o: OperatorInfo): string[] {
  const [first] = o.outputs
  const result = first === undefined ? undefined : graph.tensors[first]
  const options = listOptions(o.options).filter((option) => !option.isUsual)
  return [
    String(o.index),
    `${printable(o.op, maxName)}${o.arithmetic === 'hybrid' ? ' (hybrid)' : ''}`,
    printable(`${formatTensorList(o.inputs)} -> ${formatTensorList(o.outputs)}`, 40),
    result ? `${result.dtype} ${formatTensorShape(result.shapeSignature)}` : '',
    o.weightBytes > 0 ? formatBytes(o.weightBytes) : '',
    o.macs === null ? 'unknown' : o.macs > 0 ? formatAmount(o.macs) : '',
    printable(o.layer ?? '', maxName),
    printable(options.map(({ name, value }) => `${name}=${value}`).join(' '), 100),
  ]
}

function tensorTable(i: Inspection, graph: SubgraphInfo, maxRows: number): string[] {
  const right = (t: string) => ({ title: t, align: 'right' as const })
  const columns = [
    right('#'),
    { title: 'kind' },
    { title: 'type' },
    { title: 'shape' },
    right('bytes'),
    right('buffer'),
    { title: 'quantization' },
    { title: 'name' },
  ]
  const rows = graph.tensors.slice(0, maxRows).map(tensorRow)
  return limited(title(i, graph, 'Tensors', graph.tensors.length), textTable(columns, rows), graph.tensors.length, maxRows)
}

function tensorRow(t: TensorInfo): string[] {
  return [
    String(t.index),
    t.isSparse ? `${t.kind}, sparse` : t.kind,
    t.dtype,
    formatTensorShape(t.shapeSignature),
    t.sizeBytes === null ? '' : formatCount(t.sizeBytes),
    t.kind === 'constant' ? String(t.buffer) : '',
    formatQuantization(t.quantization) ?? '',
    printable(t.name, maxName),
  ]
}

function limited(heading: string, lines: readonly string[], count: number, maxRows: number): string[] {
  if (count === 0) return []
  return [heading, ...lines, ...(count > maxRows ? [`  … ${formatCount(count - maxRows)} more`] : [])]
}

function bufferNotes({ buffers }: Inspection): string[] {
  const notes = buffers.flatMap((b) => {
    if (b.duplicateOf !== null) return [`  buffer ${b.index} repeats buffer ${b.duplicateOf}: ${formatCount(b.sizeBytes)} bytes`]
    if (b.index > 0 && b.sizeBytes > 0 && b.tensors.length === 0 && b.metadata.length === 0) {
      return [`  buffer ${b.index} is used by nothing: ${formatCount(b.sizeBytes)} bytes`]
    }
    return b.fill === null || b.sizeBytes < 64 ? [] : [`  buffer ${b.index} holds one value: ${b.fill}, ${formatCount(b.sizeBytes)} bytes`]
  })
  return notes.length > 0 ? limited('Buffers worth a look', notes.slice(0, 20), notes.length, 20) : []
}

function warnings(i: Inspection): string[] {
  return i.warnings.length > 0 ? ['Warnings', ...i.warnings.map((w) => `  ${printable(w.message)}`)] : []
}
