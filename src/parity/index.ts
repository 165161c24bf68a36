export { checkParity, type ParityOptions } from './check-parity.ts'
export type { TfJs, TfJsLoader } from './tfjs.ts'
export type { EvaluatorTally, OutputParity, ParityGap, ParityMode, ParityReport, SampleKind, StoredWeights } from './types.ts'
export { uncheckedReport } from './unchecked-report.ts'
