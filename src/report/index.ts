export { type DotOptions, renderDot } from './graph/dot.ts'
export { renderSvg } from './graph/svg.ts'
export { type ReportOptions, renderReport } from './report.ts'
