import { type Diagnostic, toDiagnostic } from '../../core/diagnostics.ts'
import { withGraphs } from '../../ir/graph.ts'
import type { Model, Node } from '../../ir/types.ts'
import type { IntegerType } from '../../ops/spec.ts'
import { idleRule, noRanges, staysFloat } from '../diagnostics.ts'
import { hasGrid, setPortTypes } from '../static/port-types.ts'
import { staticInteger } from '../static/static-integer.ts'
import { knownRange, knowsRanges } from '../static/static-mode.ts'
import type { Decision, KeepFloat, Quantized, QuantizeOptions } from '../types.ts'
import type { Hessians } from '../weights/hessian.ts'
import { isSampled, type WeightScheme } from '../weights/scheme.ts'
import { smallWeights } from '../weights/small-weights.ts'
import { type Choice, chooseActions, choosePorts } from './choose.ts'
import type { Action, Recipe } from './recipe.ts'

/**
 * Each op as the last rule that holds for it says: with integer activations, with small weights, or float. Throws
 * `quantize/unmatched-rule`, `quantize/not-finite`, what `hessians.of` throws, and where a rule is static what those modes throw.
 */
export function followRecipe(
  model: Model,
  recipe: Recipe,
  options: QuantizeOptions & { readonly hessians: Hessians },
  keep: KeepFloat,
): Quantized {
  const { graphs: choices, idle } = chooseActions(model, recipe)
  const decisions: Decision[] = []
  const diagnostics: Diagnostic[] = idle.map(({ rule, reason }) => toDiagnostic(idleRule(recipe.name, rule.path, reason), 'warning'))
  const range = knownRange(options)
  let current = model
  let activations: IntegerType | undefined
  for (const form of staticForms(choices)) {
    const only = (graph: number, node: Node) => sameForm(choices[graph]!.get(node.id), form)
    const biasType = form.type === 'i8' ? 'i32' : (options.biasType ?? 'i64')
    const { algorithm } = form.weights
    const isRounded = isSampled(algorithm)
    const weights = isRounded ? { ...form.weights, algorithm: 'min-max' as const } : form.weights
    const rounding = isRounded ? { algorithm, hessians: options.hessians } : undefined
    const result = staticInteger(current, { type: form.type, biasType, weights, rounding, range, keep, only })
    if (!knowsRanges(model, range) && result.islands.some((i) => i.isUnseen)) throw noRanges(`recipe ${recipe.name}`)
    current = result.model
    decisions.push(...result.decisions)
    diagnostics.push(...result.islands.map((i) => toDiagnostic(staysFloat(i, i.conversions, i.elements), 'info')))
    activations ??= form.type
  }
  const small = current.graphs.map((graph, g) => smallWeights(graph, (node) => schemeOf(choices[g]!.get(node.id)), keep, options.hessians))
  const done = withGraphs(
    current,
    small.map((s) => s.graph),
  )
  decisions.push(...small.flatMap((s) => s.decisions))
  if (activations === undefined) return { model: done, decisions, diagnostics }
  const types = options.io ?? choosePorts(done, recipe, (graph, id) => hasGrid(done, graph, id, range))
  return { model: setPortTypes(done, { types, activations, range }), decisions, diagnostics }
}

type StaticForm = Extract<Action, { kind: 'static' }>

const sameForm = (choice: Choice | undefined, form: StaticForm): boolean =>
  choice !== undefined && 'action' in choice && choice.action.kind === 'static' && keyOf(choice.action) === keyOf(form)

const keyOf = ({ type, weights: { bits, granularity, algorithm } }: StaticForm): string => [type, bits, granularity, algorithm].join()

/** The different forms of integer activations that ops have, each once. */
function staticForms(graphs: readonly ReadonlyMap<number, Choice>[]): StaticForm[] {
  const forms: StaticForm[] = []
  for (const choice of graphs.flatMap((g) => [...g.values()])) {
    if (!('action' in choice) || choice.action.kind !== 'static') continue
    if (!forms.some((f) => sameForm(choice, f))) forms.push(choice.action)
  }
  return forms
}

function schemeOf(choice: Choice | undefined): WeightScheme | { readonly reason: string } {
  if (choice === undefined) return { reason: 'it was added' }
  if ('reason' in choice) return choice
  const { action, rule } = choice
  if (action.kind === 'weights') return action.scheme
  return { reason: action.kind === 'float' ? `rule ${rule.path} of the recipe keeps it float` : 'its op could not be integer' }
}
