export { type Explanation, explain } from './explain.ts'
export { type OptimizeReport, optimizeModel } from './optimize.ts'
export { ruleNames } from './pipeline.ts'
