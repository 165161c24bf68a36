import type { DType } from '../../core/dtype.ts'
import { codeOfDtype } from '../../schema/tensorflow/data-type.ts'
import { opOutputTypes } from '../../schema/tensorflow/op-types.ts'
import type { SourceAttr, SourceAttrs } from '../source-graph.ts'
import type { Definitions } from './definitions.ts'
import type { GraphNode } from './graph-node.ts'

/** What the file states of an output of a node: TensorFlow's DataType number, 0 when it is not stated; dims, undefined for an unknown rank. */
export function tensorType(
  definitions: Definitions,
  node: GraphNode,
  output: number,
): { readonly code: number; readonly dims: readonly number[] | undefined } {
  const { code, dims } = statedType(node.op, definitions.attrs(node), output)
  const defined = code === 0 ? definitions.resultTypes(node)?.[output] : undefined
  return { code: defined === undefined ? code : codeOfDtype(defined), dims }
}

/** The same by an op and its attributes. */
export function statedType(
  op: string,
  attrs: SourceAttrs,
  output: number,
): { readonly code: number; readonly dims: readonly number[] | undefined } {
  const shapes = [attrs.get('_output_shapes'), attrs.get('output_shapes')].find((a) => a?.kind === 'shapes')
  const own = op.startsWith('Placeholder') || /^Variable(V2)?$/.test(op) ? attrs.get('shape') : undefined
  const dims = own?.kind === 'shape' ? own.value : shapes?.kind === 'shapes' ? shapes.value[output] : undefined
  for (const name of ['output_types', 'component_types', 'Tout', 'T']) {
    const code = codeOf(attrs.get(name), output)
    if (attrs.get(name)?.kind === 'types') return { code: code ?? 0, dims }
  }
  const types = opOutputTypes.get(op)
  // Of `['T', 'out_idx', 'i32']` the attribute at the output's place, and what it is where that is left out.
  for (const name of types?.slice(Math.min(output, types.length - 1)) ?? []) {
    const code = codeOf(attrs.get(name), output) ?? knownCode(name)
    if (code !== undefined) return { code, dims }
  }
  return { code: codeOf(attrs.get('dtype'), output) ?? codeOf(attrs.get('T'), output) ?? 0, dims }
}

function codeOf(attr: SourceAttr | undefined, output: number): number | undefined {
  return attr?.kind === 'type' ? attr.code : attr?.kind === 'types' ? attr.codes[output] : undefined
}

function knownCode(name: string): number | undefined {
  return /^(bool|[fiu]\d+)$/.test(name) ? codeOfDtype(name as DType) : undefined
}
