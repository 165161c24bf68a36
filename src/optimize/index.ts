export { type OptimizeReport, optimizeModel } from './optimize.ts'
