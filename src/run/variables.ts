import type { DType } from '../core/dtype.ts'
import { findDType } from '../schema/tflite/dtype.ts'
import { isTransferable } from './litert-module.ts'
import { type ModelTables, opOf } from './model-io.ts'

/** A variable of a model. */
export interface VariableInfo {
  readonly container: string
  readonly sharedName: string
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** What a model keeps from run to run. */
export interface ModelState {
  readonly variables: readonly VariableInfo[]
  /** Subgraphs that store the initial values. */
  readonly initializers: readonly number[]
}

/**
 * The variables of a model, as the subgraphs that initialize them say; undefined where there are none, or not all of them can be told or
 * handed out.
 */
export function stateOf(tables: ModelTables): ModelState | undefined {
  const initializers = new Set<number>()
  for (const { builtinOptions: options } of tables.subgraphs.flatMap((g) => g.operators))
    if (options?.type === 'CallOnceOptions') initializers.add(options.value.initSubgraphIndex)
  const variables = new Map<string, VariableInfo>()
  const stored: string[] = []
  for (const [i, { operators, tensors }] of tables.subgraphs.entries()) {
    const handles = new Map<number, { readonly container: string; readonly sharedName: string }>()
    for (const operator of operators) {
      const { inputs, outputs, builtinOptions: options } = operator
      if (options?.type === 'VarHandleOptions') handles.set(outputs[0] ?? -1, options.value)
      if (opOf(operator, tables) !== 'ASSIGN_VARIABLE') continue
      const handle = handles.get(inputs[0] ?? -1)
      const value = tensors[inputs[1] ?? -1]
      const dtype = value && findDType(value.type)
      if (!handle || !dtype || !isTransferable(dtype)) return undefined
      const { container, sharedName } = handle
      const key = JSON.stringify([container, sharedName])
      stored.push(key)
      if (initializers.has(i)) variables.set(key, { container, sharedName, dtype, shape: [...value.shape] })
    }
  }
  if (variables.size === 0 || !stored.every((key) => variables.has(key))) return undefined
  return { variables: [...variables.values()], initializers: [...initializers] }
}
