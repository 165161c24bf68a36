/** What a file did on the samples. */
export interface Measured {
  readonly bytes: number
  readonly samples: number
  /** Largest and mean difference of an output element to TensorFlow's float result, as a share of that output's range; of the worst output. */
  readonly maxError: number
  readonly meanError: number
  /** Samples whose class is the float model's, where the output is one of classes. */
  readonly agree?: number
  /** Samples whose class is the label's, where there are labels. */
  readonly correct?: number
}

export const tools = ['downcast', 'tensorflow', 'litert-quantizer'] as const
export type Tool = (typeof tools)[number]

/** A file that could not be made or run says why. */
export type Cell = Measured | { readonly error: string }

/** By model, name of the row and tool. */
export type Table = Readonly<Record<string, Readonly<Record<string, Readonly<Partial<Record<Tool, Cell>>>>>>>
