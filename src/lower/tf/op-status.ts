import type { LoweringRegistry } from '../registry.ts'
import { flexOps, hasFlexKernel } from './flex-ops.ts'

/** Ops without a lowering, and what their model can do instead: one phrase that begins with a verb. */
const instead: readonly (readonly [string, string])[] = [
  ['PyFunc PyFuncStateless EagerPyFunc NumpyFunction', 'write the layer with TensorFlow ops: Python code is not in the file'],
  [
    'ParseExample ParseExampleV2 ParseSingleExample ParseSequenceExample ParseSequenceExampleV2 DecodeCSV',
    'export a signature that takes the parsed tensors',
  ],
  [
    'DecodeJpeg DecodePng DecodeBmp DecodeGif DecodeImage DecodeAndCropJpeg DecodeRaw DecodePaddedRaw DecodeWav',
    'decode before the model and pass it the numbers',
  ],
  ['EncodeJpeg EncodePng EncodeWav EncodeBase64 DecodeBase64 AsString', 'return the numbers and encode them behind the model'],
  [
    'IteratorGetNext IteratorV2 IteratorFromStringHandle IteratorFromStringHandleV2 OneShotIterator MakeIterator QueueDequeueV2 QueueDequeueManyV2 ReaderReadV2',
    'export the model without its input pipeline, or begin behind it by naming with --inputs what it feeds',
  ],
  ['AdjustContrast SampleDistortedBoundingBox SampleDistortedBoundingBoxV2', 'leave augmentation out of the exported model'],
  [
    'StringSplit StringSplitV2 StringLower StringUpper StringStrip StringJoin StringFormat StringLength StringToHashBucket StringToHashBucketFast StringToHashBucketStrong StringToNumber Substr RegexReplace RegexFullMatch StaticRegexReplace StaticRegexFullMatch ReduceJoin UnicodeDecode UnicodeDecodeWithOffsets UnicodeEncode UnicodeTranscode',
    'prepare text before the model and pass it ids',
  ],
  ['CTCBeamSearchDecoder', 'return the logits and decode behind the model'],
  ['Eig', 'compute it before export where the matrix is constant'],
  ['NonMaxSuppressionWithOverlaps', 'use tf.image.non_max_suppression_padded or return the boxes'],
  [
    'RandomGamma RandomPoisson RandomPoissonV2 ParameterizedTruncatedNormal StatelessMultinomial StatelessRandomGammaV2 StatelessRandomGammaV3 StatelessRandomPoisson',
    'take the random numbers as an input, or use tf.random.uniform or tf.random.normal',
  ],
  ['SparseReorder SparseAdd SparseSlice', 'use dense tensors'],
  ['ImmutableConst', 'store the weights in the graph as Const nodes: they lie in memory outside of the file'],
  [
    'XlaDotV2 XlaConvV2 XlaGather XlaScatter XlaPad XlaReduceWindow XlaVariadicReduceV2 XlaVariadicSort XlaDynamicUpdateSlice XlaSelectAndScatter XlaRngBitGenerator XlaSort',
    'export with jax2tf native_serialization=True',
  ],
]
/** The same for what a module of StableHLO has and no TensorFlow op says. */
const insteadOfHlo: readonly (readonly [RegExp, string])[] = [
  [/rng/, 'take the random numbers as an input of the function: jax.random of the default kind, threefry, is ordinary arithmetic'],
  [
    /lapack|Qr|Eigh|svd|householder/i,
    'compute the factorization before export where the matrix is constant, or take its result as an input',
  ],
  [/callback|host|infeed|outfeed|send|recv/, 'leave callbacks to the host out of the exported function'],
  [/call_tf/, 'export the TensorFlow function that jax2tf.call_tf calls on its own'],
  [/all_|collective|replica|partition/, 'export the function for a single device'],
  [/^(stablehlo\.|custom_call@)/, 'write the layer with other functions of jax.numpy and jax.lax'],
]
const insteadOf: ReadonlyMap<string, string> = new Map(instead.flatMap(([ops, text]) => ops.split(' ').map((op) => [op, text] as const)))

/** Ops that the importer drops, or makes others of: they reach no lowering. */
const imported: ReadonlySet<string> = new Set(
  [
    'Assert PrintV2 PlaceholderV2 XlaCallModule ResourceGather ResourceGatherNd HashTable HashTableV2 MutableHashTable MutableHashTableV2',
    'LookupTableFind LookupTableSize LookupTableSizeV2 LookupTableExport LookupTableExportV2',
    'Enter Exit NextIteration LoopCond Switch Merge RefEnter RefExit RefSwitch RefMerge TensorArrayV3 TensorArrayWriteV3 TensorArrayReadV3',
    'TensorArrayGatherV3 TensorArrayScatterV3 TensorArraySizeV3 TensorArrayConcatV3 TensorArraySplitV3',
  ].flatMap((names) => names.split(' ')),
)

/** supported: there is a lowering, or the importer knows it. flex: only TensorFlow's own kernel, with `--allow-flex`. unsupported: neither. */
export type OpStatus = 'supported' | 'flex' | 'unsupported'

/** What can be said of a TensorFlow op without a model. */
export interface OpFacts {
  readonly status: OpStatus
  /** Whether the Flex delegate has a kernel for it. */
  readonly hasFlex: boolean
  /** What the model can do instead, where the op has no lowering. */
  readonly instead: string | undefined
}

/** Whether it is no op of TensorFlow, but one of a module that the importer could not say in them. */
function isHlo(op: string): boolean {
  return /^(stablehlo\.|custom_call@)/.test(op)
}

export function factsOf(op: string, registry: LoweringRegistry): OpFacts {
  const hasFlex = hasFlexKernel(op)
  const isSupported = registry[op] !== undefined || imported.has(op)
  return {
    status: isSupported ? 'supported' : hasFlex ? 'flex' : 'unsupported',
    hasFlex,
    instead: isSupported ? undefined : (insteadOf.get(op) ?? (isHlo(op) ? insteadOfHlo.find(([names]) => names.test(op))?.[1] : undefined)),
  }
}

/** Names of ops of which something is known besides a lowering. */
export function opsWithFacts(): readonly string[] {
  return [...new Set([...flexOps, ...imported, ...insteadOf.keys()])]
}
