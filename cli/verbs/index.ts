import type { Verb } from '../verb.ts'
import { calibrateVerb } from './calibrate.ts'
import { compareVerb } from './compare.ts'
import { convertVerb } from './convert.ts'
import { coverageVerb } from './coverage.ts'
import { deployVerb } from './deploy.ts'
import { graphVerb } from './graph.ts'
import { inspectVerb } from './inspect.ts'
import { opsVerb } from './ops.ts'
import { recipesVerb } from './recipes.ts'
import { reportVerb } from './report.ts'
import { runVerb } from './run.ts'
import { tfliteConvertVerb } from './tflite-convert.ts'
import { verifyVerb } from './verify.ts'

/** Every verb, in the order of the help. */
export const verbs: readonly Verb[] = [
  convertVerb,
  calibrateVerb,
  inspectVerb,
  reportVerb,
  graphVerb,
  compareVerb,
  runVerb,
  deployVerb,
  verifyVerb,
  coverageVerb,
  recipesVerb,
  opsVerb,
  tfliteConvertVerb,
]
