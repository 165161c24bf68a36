/** How the written weights were changed: decides how near results have to be. A recipe may change them in any way. */
export type ParityMode = 'none' | 'float16' | 'dynamic' | 'dynamic-int4' | 'weight-only-int8' | 'weight-only-int4' | 'recipe'

/** `zero` is for models that take none of the others, such as indices into something unknown. */
export type SampleKind = 'normal' | 'uniform' | 'edge' | 'zero'

/** What was compared of one output over all samples. */
export interface OutputParity {
  readonly signature: string
  readonly output: string
  /** `none` is the model before quantization. */
  readonly mode: ParityMode
  readonly samples: number
  /** Largest difference of two elements, in the output's own units. */
  readonly largestDifference: number
  /** The same as a share of what was allowed; 1 is the limit. */
  readonly shareOfTolerance: number
  /** Differences beyond the tolerance that other roundings on the way cause as well: ties, sums that cancel, and what is made of them. */
  readonly excusedElements: number
}

/** Weights of a file that were compared with those they were made of. */
export interface StoredWeights {
  readonly compared: number
  /** Weights that are stored as integers. */
  readonly of: number
}

/** Something that was not checked. */
export interface ParityGap {
  readonly signature: string
  /** Undefined for the whole signature. */
  readonly output?: string | undefined
  /** For the file with quantized weights only. */
  readonly mode?: Exclude<ParityMode, 'none'>
  readonly reason: string
}

/** Who computed the results that the model was compared with. */
export interface EvaluatorTally {
  readonly name: string
  /** Source ops and how many nodes of each, over all samples; in the Keras dialect layers are lowered first, and these are operators. */
  readonly ops: Readonly<Record<string, number>>
}

export interface ParityReport {
  readonly outputs: readonly OutputParity[]
  readonly gaps: readonly ParityGap[]
  /** Undefined where no weights are stored as integers. */
  readonly weights?: StoredWeights | undefined
  readonly evaluators: readonly EvaluatorTally[]
  /** Sizes that inputs were given, by signature and input. */
  readonly inputShapes: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>
  readonly samples: readonly SampleKind[]
  /** Inputs of fixed sizes were made smaller to keep the check short. */
  readonly isReduced: boolean
  /** The model was run some operators at a time: it does not fit into the runner's memory. */
  readonly isInPieces: boolean
  /** Modules of StableHLO stand as the TensorFlow ops that they were translated to: the translation itself is not checked. */
  readonly isTranslated: boolean
  readonly runner: string
  /** Why the reference kernels, and not the runner, ran the float model of some signature: what the runner lacks. */
  readonly onKernels: string | undefined
  readonly timeMs: number
}
