import type { Json } from '../../core/json.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, constantOf } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { locate } from '../tf/tables.ts'
import { type KerasOp, layer } from './keras-op.ts'
import { encoded } from './preprocessing.ts'

interface Vocabulary {
  readonly tokens: readonly number[]
  /** The index of the first token, after those of the mask and of what is in no vocabulary. */
  readonly start: number
  readonly oovStart: number
  readonly oovCount: number
}

/** @see keras IndexLookup: special tokens stand first, in the vocabulary only where the user put them there. */
function vocabularyOf(k: KerasOp, mode: string): Vocabulary {
  const stated = k.config('vocabulary')
  if (!Array.isArray(stated) || stated.length === 0 || !stated.every((v) => Number.isSafeInteger(v)))
    return k.reject(
      'its vocabulary is not in its configuration',
      'Pass the vocabulary when the layer is made: IntegerLookup(vocabulary=layer.get_vocabulary()).',
    )
  const mask: Json | undefined = k.config('mask_token')
  const oovStart = mask !== null && mask !== undefined && mode === 'int' ? 1 : 0
  const oovCount = k.num('num_oov_indices', 1)
  const start = oovStart + oovCount
  const special = [...(oovStart === 1 ? [mask] : []), ...new Array<Json>(oovCount).fill(k.config('oov_token') ?? -1)]
  const tokens = stated as readonly number[]
  const isSpecial = special.length > 0 && special.every((v, i) => tokens[i] === v)
  return { tokens: isSpecial ? tokens.slice(start) : tokens, start, oovStart, oovCount }
}

/** The index of each number among `keys`, i64; -1 where it is none of them. */
function indexOf(b: OpBuilder, x: Value, keys: readonly number[], indices: readonly number[]): Value {
  const { at, isFound } = locate(
    b,
    x,
    keys.map((key) => BigInt(key)),
  )
  return new Formula(b).select(isFound, b.op(op.gather, [constantOf(b, 'i64', indices, [indices.length]), at], { axis: 0 }), -1)
}

function integerLookup(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  if (k.flag('invert', false))
    return k.reject('an inverted lookup is not supported', 'Let the model return the indices and look them up in the app.')
  const mode = k.text('output_mode', 'int')
  const { tokens, start, oovStart, oovCount } = vocabularyOf(k, mode)
  const x = castTo(b, k.x, 'i64')
  const mask = k.config('mask_token')
  const isMasked = oovStart === 1 && typeof mask === 'number'
  const keys = isMasked ? [mask, ...tokens] : tokens
  const places = [...(isMasked ? [0] : []), ...tokens.map((_, i) => i + start)]
  const place = indexOf(b, x, keys, places)
  const other = oovCount > 1 ? f.add(f.floorMod(x, oovCount), oovStart) : oovCount === 1 ? oovStart : -1
  const index = f.select(f.greaterEqual(place, 0), place, other)
  const limit = k.flag('pad_to_max_tokens', false) ? k.num('max_tokens') : start + tokens.length
  if (mode === 'int') return index
  const y = encoded(k, b, castTo(b, index, 'i32'), limit, mode)
  return k.keras.version === 3 ? castTo(b, y, 'i64') : y
}

export const lookupLayers: LoweringRegistry = { IntegerLookup: layer(integerLookup) }
