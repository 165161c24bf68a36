export { checkParity, type ParityOptions, uncheckedReport } from './check-parity.ts'
export type { TfJs, TfJsLoader } from './tfjs.ts'
export type { TfliteSource } from './tflite-source.ts'
export type { EvaluatorTally, OutputParity, ParityGap, ParityMode, ParityReport, SampleKind } from './types.ts'
