import type { Verb } from '../verb.ts'
import { convertVerb } from './convert.ts'
import { deployVerb } from './deploy.ts'
import { verifyVerb } from './verify.ts'

/** Every verb, in the order of the help. */
export const verbs: readonly Verb[] = [convertVerb, deployVerb, verifyVerb]
