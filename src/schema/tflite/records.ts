import type { ConstData } from '../../core/bytes.ts'
import type { InputOf, RecordOf } from '../../wire/flatbuffers/schema.ts'
import type { modelTable, operatorTable, subGraphTable } from './model.ts'
import type { tensorTable } from './tensor.ts'

/*
 * A `.tflite` file as plain records, with the bytes of its weights apart: buffers are numbered by their place in a list of `ConstData`.
 */

type LargeOptions = 'largeCustomOptionsOffset' | 'largeCustomOptionsSize'

export type TensorRecord = RecordOf<typeof tensorTable>
/** An operator. `customOptions` beyond the tables (in files over 2 GB) are `largeCustomOptions`. */
export type OperatorRecord = Omit<RecordOf<typeof operatorTable>, LargeOptions> & { readonly largeCustomOptions: ConstData | undefined }
export type SubGraphRecord = Omit<RecordOf<typeof subGraphTable>, 'operators'> & { readonly operators: readonly OperatorRecord[] }
/** The model as the reader gives it: every field there. `builtinCode` of an operator code is the effective one. */
export type ModelRecord = Omit<RecordOf<typeof modelTable>, 'subgraphs' | 'buffers'> & { readonly subgraphs: readonly SubGraphRecord[] }

export type OperatorInput = Omit<InputOf<typeof operatorTable>, LargeOptions> & { readonly largeCustomOptions?: ConstData | undefined }
type SubGraphInput = Omit<InputOf<typeof subGraphTable>, 'operators'> & { readonly operators?: readonly OperatorInput[] | undefined }
/** The model as the writer takes it: fields may be left out; a `ModelRecord` is one. `deprecatedBuiltinCode` is derived. */
export type ModelInput = Omit<InputOf<typeof modelTable>, 'subgraphs' | 'buffers'> & {
  readonly subgraphs?: readonly SubGraphInput[] | undefined
}

/** Four characters at byte 4 of every `.tflite` file. */
export const tfliteIdentifier = 'TFL3'
/** The only version of the schema that runtimes accept. */
export const tfliteVersion = 3
