import type { DType } from '../core/dtype.ts'
import type { SourceNode } from './source-graph.ts'

/*
 * Attributes of a node; one that is not there, or of another kind, is false, 0, empty.
 */

export function flag(node: SourceNode, name: string): boolean {
  const a = node.attrs.get(name)
  return a?.kind === 'bool' && a.value
}

export function int(node: SourceNode, name: string): number {
  const a = node.attrs.get(name)
  return a?.kind === 'int' ? a.value : 0
}

export function ints(node: SourceNode, name: string): readonly number[] {
  const a = node.attrs.get(name)
  return a?.kind === 'ints' ? a.value : []
}

export function string(node: SourceNode, name: string): string {
  const a = node.attrs.get(name)
  return a?.kind === 'string' ? a.value : ''
}

export function typeCode(node: SourceNode, name: string): number {
  const a = node.attrs.get(name)
  return a?.kind === 'type' ? a.code : 0
}

export function strings(node: SourceNode, name: string): readonly string[] {
  const a = node.attrs.get(name)
  return a?.kind === 'strings' ? a.value : []
}

export function types(node: SourceNode, name: string): readonly (DType | undefined)[] {
  const a = node.attrs.get(name)
  return a?.kind === 'types' ? a.value : []
}
