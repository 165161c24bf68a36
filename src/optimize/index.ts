export { type OptimizeOptions, type OptimizeReport, optimize, optimizeModel, type PassReport } from './optimize.ts'
export type { NearMiss } from './pass.ts'
