import { type Diagnostic, toDiagnostic } from '../../core/diagnostics.ts'
import { withGraphs } from '../../ir/graph.ts'
import type { Graph, Model, Node, ValueId } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import { idleRule, noRanges, staysFloat } from '../diagnostics.ts'
import { float16 } from '../float16.ts'
import { assignMeeting } from '../static/assign-meeting.ts'
import { litertQuantizerNumbers } from '../static/numbers.ts'
import { hasGrid, setPortTypes } from '../static/port-types.ts'
import { staticInteger } from '../static/static-integer.ts'
import { knownRange, knowsRanges, withoutMasks } from '../static/static-mode.ts'
import type { Decision, KeepFloat, Quantized, QuantizeOptions } from '../types.ts'
import type { Hessians } from '../weights/hessian.ts'
import { isSampled, type StaticWeights, type WeightScheme } from '../weights/scheme.ts'
import { smallWeights } from '../weights/small-weights.ts'
import { type Choice, chooseActions, choosePorts, isWeight } from './choose.ts'
import type { Recipe, StaticAction } from './recipe.ts'

/**
 * Each op as the last rule that holds for it says: with integer activations, with small weights, or float. Throws
 * `quantize/unmatched-rule`, `quantize/not-finite`, what `hessians.of` throws, and where a rule is static what those modes throw.
 */
export function followRecipe(
  given: Model,
  recipe: Recipe,
  options: QuantizeOptions & { readonly hessians: Hessians },
  keep: KeepFloat,
): Quantized {
  const { graphs: choices, idle } = chooseActions(given, recipe)
  const decisions: Decision[] = []
  const forms = staticForms(choices)
  const finest = forms.some((f) => f.type === 'i16') ? 'i16' : 'i8'
  // Ports have integers also where no op computes with them.
  const asGiven = { model: given, ranges: options.ranges, diagnostics: [] }
  const unmasked = forms.length > 0 ? withoutMasks(given, options, finest, keep) : asGiven
  const { model, ranges } = unmasked
  const diagnostics: Diagnostic[] = [...unmasked.diagnostics]
  const range = knownRange({ ranges })
  let current = model
  for (const form of forms) {
    const actionOf = (graph: number, node: Node) => staticAction(choices[graph]!.get(node.id), form)
    const result = staticInteger(current, {
      type: form.type,
      assign: assignMeeting,
      numbers: litertQuantizerNumbers(form.isSymmetric),
      biasType: form.type === 'i8' ? 'i32' : (options.biasType ?? 'i64'),
      weights: (graph, node) => onScalesOf(actionOf(graph, node)!.weights),
      rounding(graph, node) {
        const { algorithm } = actionOf(graph, node)!.weights
        return isSampled(algorithm) ? { algorithm, hessians: options.hessians } : undefined
      },
      range,
      keep,
      only: (graph, node) => actionOf(graph, node) !== undefined,
    })
    if (!knowsRanges(model, range) && result.islands.some((i) => i.isUnseen)) throw noRanges(`recipe ${recipe.name}`)
    current = result.model
    decisions.push(...result.decisions)
    diagnostics.push(...result.islands.map((i) => toDiagnostic(staysFloat(i, i.conversions, i.elements), 'info')))
  }
  const graphs = current.graphs.map((graph, g) => {
    const choiceOf = (node: Node) => choices[g]!.get(node.id)
    const half = float16(graph, keep, (node, index) => isHalf(choiceOf(node)) && isWeight(node, index))
    const small = smallWeights(half.graph, (node) => schemeOf(choiceOf(node), node), keep, options.hessians)
    decisions.push(...half.decisions, ...small.decisions)
    return small.graph
  })
  const done = withGraphs(current, graphs)
  const ports = choosePorts(done, recipe, (graph, id) => isUsed(done.graphs[graph]!, id) && hasGrid(done, graph, id, range))
  const unheld = idle.filter(({ rule }) => !ports.held.has(rule))
  diagnostics.unshift(...unheld.map(({ rule, reason }) => toDiagnostic(idleRule(recipe.name, rule.path, reason), 'warning')))
  const form = options.io === undefined ? ports.form : (forms[0] ?? ports.form)
  if (!form) return { model: done, decisions, diagnostics }
  const how = { numbers: litertQuantizerNumbers(form.isSymmetric), keepsRanges: true, activations: form.type, range }
  return { model: setPortTypes(done, { types: options.io ?? ports.types, ...how }), decisions, diagnostics }
}

const isUsed = ({ nodes, outputs }: Graph, id: ValueId): boolean => outputs.includes(id) || nodes.some((n) => n.inputs.includes(id))

/** Activations of one kind; the weights beside them may differ from op to op. */
type StaticForm = Pick<StaticAction, 'type' | 'isSymmetric'>

function staticAction(choice: Choice | undefined, { type, isSymmetric }: StaticForm): StaticAction | undefined {
  const action = choice && 'action' in choice ? choice.action : undefined
  return action?.kind === 'static' && action.type === type && action.isSymmetric === isSymmetric ? action : undefined
}

/** The different kinds of integer activations that ops have, each once. */
function staticForms(graphs: readonly ReadonlyMap<number, Choice>[]): StaticForm[] {
  const forms: StaticForm[] = []
  for (const choice of graphs.flatMap((g) => [...g.values()])) {
    if (!('action' in choice) || choice.action.kind !== 'static') continue
    if (!forms.some((f) => staticAction(choice, f))) forms.push(choice.action)
  }
  return forms
}

/** Integers that samples choose are on the scales of min-max. */
const onScalesOf = (weights: StaticWeights): StaticWeights =>
  isSampled(weights.algorithm) ? { ...weights, algorithm: 'min-max' } : weights

const isHalf = (choice: Choice | undefined): boolean => choice !== undefined && 'action' in choice && choice.action.kind === 'half'

/** Only of ops that take a bias does litert-quantizer look at the number of weights. @see litert-quantizer 0.11 common_quantize.py */
function schemeOf(choice: Choice | undefined, node: Node): WeightScheme | { readonly reason: string } {
  if (choice === undefined) return { reason: 'it was added' }
  if ('reason' in choice) return choice
  const { action, rule } = choice
  if (action.kind === 'weights') return findSpec(node.op)?.quant?.biases ? action.scheme : { ...action.scheme, minElements: 0 }
  const isFloat = action.kind === 'float'
  return {
    reason: isFloat
      ? `rule ${rule.path} of the recipe keeps it float`
      : action.kind === 'half'
        ? 'only weights become f16'
        : 'its op could not be integer',
  }
}
