import { keras } from './keras/index.ts'
import { tensorflow } from './tf/index.ts'
import { factsOf, type OpStatus } from './tf/op-status.ts'
import { opTable } from './tf/op-table.ts'

/** An op or layer that downcast knows by name. */
export interface KnownOp {
  /** TensorFlow's op, or the class of a Keras layer. */
  readonly op: string
  readonly dialect: 'tensorflow' | 'keras'
  /** P0 for ops of common Keras models, P1, P2; empty where no recorded case has it. */
  readonly priority: string
  readonly status: OpStatus
  /** LiteRT operators that recorded cases became, most frequent first. */
  readonly becomes: readonly string[]
  /** Element types that were tried and worked. */
  readonly types: readonly string[]
  /** What a model can do instead. */
  readonly instead: string | undefined
}

/** The op matrix: every TensorFlow op with a lowering or a known way out, then the Keras layers. */
export function knownOps(): readonly KnownOp[] {
  const ops = opTable
    .trim()
    .split('\n')
    .map((line): KnownOp => {
      const [op = '', priority = '', becomes = '', types = ''] = line.split(';')
      const { status, instead } = factsOf(op, tensorflow)
      return { op, dialect: 'tensorflow', priority, status, becomes: words(becomes), types: words(types), instead }
    })
  const layers = Object.keys(keras)
    .sort()
    .map((op): KnownOp => ({ op, dialect: 'keras', priority: '', status: 'supported', becomes: [], types: [], instead: undefined }))
  return [...ops, ...layers]
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ')
}
