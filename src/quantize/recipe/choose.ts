import { elementCount } from '../../core/shape.ts'
import type { Graph, Model, Node, NodeId, SignaturePort, ValueId } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import { decompositionOf } from '../../ops/kept.ts'
import { type OpSpec, operandIndex, type WeightTrait } from '../../ops/spec.ts'
import { unmatchedRule } from '../diagnostics.ts'
import { glob } from '../keep-float.ts'
import type { PortType, PortTypes } from '../types.ts'
import { placeScales, type WeightAlgorithm, type WeightScheme } from '../weights/scheme.ts'
import { type Action, isPortWord, type Match, type Recipe, type Rule, type StaticAction } from './recipe.ts'

/** What becomes of an op: the last rule's action that its kernel allows; else why none holds. */
export type Choice = { readonly action: Action; readonly rule: Rule } | { readonly reason: string }

export interface Chosen {
  /** For each graph of the model. */
  readonly graphs: readonly ReadonlyMap<NodeId, Choice>[]
  /** Rules that hold for no op though they fit some, with the reason of the first of these. */
  readonly idle: readonly { readonly rule: Rule; readonly reason: string }[]
}

/**
 * Goes through the rules for every op; what a composite stands for stays float with it. Throws `quantize/unmatched-rule` for rules that fit no op
 * at all.
 */
export function chooseActions(model: Model, recipe: Recipe): Chosen {
  const { rules, replaced } = inForce(recipe.rules)
  const fits = rules
    .filter((r) => !isPortWord(r.match.operation))
    .map((rule) => ({ rule, test: matcher(rule.match), isMatched: false, isHeld: false, reason: '' }))
  const floatBodies = new Set<number>()
  const graphs = model.graphs.map((graph, g) => {
    const choices = new Map<NodeId, Choice>()
    graph.nodes.forEach((node, index) => {
      const spec = findSpec(node.op)
      let choice: Choice = { reason: 'no rule of the recipe is for it' }
      let holder: (typeof fits)[number] | undefined
      for (const fit of fits) {
        if (!fit.test(graph, node, index, spec)) continue
        fit.isMatched = true
        const refusal = floatBodies.has(g)
          ? 'it is part of a composite that stays float'
          : spec
            ? refusalOf(graph, node, spec, fit.rule.action)
            : 'it is a custom op'
        if (refusal === undefined) {
          choice = { action: fit.rule.action, rule: fit.rule }
          holder = fit
        } else {
          fit.reason ||= refusal
          if ('reason' in choice) choice = { reason: refusal }
        }
      }
      if (holder) holder.isHeld = true
      const body = decompositionOf(node)
      if (body !== undefined) floatBodies.add(body)
      choices.set(node.id, choice)
    })
    return choices
  })
  const unmatched = fits.filter((f) => !f.isMatched).map((f) => f.rule)
  if (unmatched.length > 0)
    throw unmatchedRule(
      recipe.name,
      unmatched.map((r) => ({ path: r.path, what: describe(r.match) })),
    )
  const unheld = fits.filter((f) => !f.isHeld).map(({ rule, reason }) => ({ rule, reason: reason || 'later rules hold for all its ops' }))
  const idle = replaced.map(({ rule, by }) => ({ rule, reason: `rule ${by.path}, of the same expression, replaces it` }))
  return { graphs, idle: [...idle, ...unheld] }
}

/**
 * The rules in the order in which they hold. Those of one expression stand where the first of them does: one for all ops replaces those before
 * it, one for an op that for the same op. Rules without an expression, or with a layer, tensor or index, which are ours, stand where they are.
 * @see litert-quantizer 0.11 recipe_manager.py, add_quantization_config
 */
function inForce(rules: readonly Rule[]): {
  readonly rules: readonly Rule[]
  readonly replaced: readonly { readonly rule: Rule; readonly by: Rule }[]
} {
  const groups = new Map<unknown, Rule[]>()
  const replaced: { rule: Rule; by: Rule }[] = []
  for (const by of rules) {
    const { regex, operation, layer, tensor, index } = by.match
    const key = !regex || layer || tensor || index ? by : regex.source
    const group = groups.get(key) ?? []
    const isReplaced = (rule: Rule) => operation === undefined || rule.match.operation === operation
    replaced.push(...group.filter(isReplaced).map((rule) => ({ rule, by })))
    const at = operation === undefined ? -1 : group.findIndex(isReplaced)
    groups.set(key, operation === undefined ? [by] : at < 0 ? [...group, by] : group.with(at, by))
  }
  return { rules: [...groups.values()].flat(), replaced }
}

type Test = (graph: Graph, node: Node, index: number, spec: OpSpec | undefined) => boolean

/** Inputs and outputs of a model as the last rule that fits them says: integers where it has integer activations and `canBe` does not object. */
export function choosePorts(
  model: Model,
  recipe: Recipe,
  canBe: (graph: number, id: ValueId) => boolean,
): { readonly types: PortTypes; readonly form: StaticAction | undefined; readonly held: ReadonlySet<Rule> } {
  const types = new Map<string, PortType>()
  const held = new Set<Rule>()
  let form: StaticAction | undefined
  const { rules } = inForce(recipe.rules)
  for (const { graph, inputs, outputs } of model.signatures) {
    const choose = (word: string, port: SignaturePort) => {
      const { name, type } = model.graphs[graph]!.values.get(port.value)!
      if (type.dtype !== 'f32' || !canBe(graph, port.value)) return
      const rule = rules.findLast((r) => fitsPort(r.match, word, name) && portType(r.action) !== undefined)
      if (rule?.action.kind !== 'static') return
      const { action } = rule
      held.add(rule)
      types.set(port.name, portType(action)!)
      form ??= action
    }
    for (const port of inputs) choose('INPUT', port)
    for (const port of outputs) choose('OUTPUT', port)
  }
  return { types: Object.fromEntries(types), form, held }
}

/** What an action makes of a port; undefined where it is not for ports. */
function portType(action: Action): PortType | undefined {
  if (action.kind === 'float') return 'float32'
  if (action.kind !== 'static' || forWeightsOnly(action.weights.algorithm)) return undefined
  return action.isUnsigned ? 'uint8' : action.type === 'i8' ? 'int8' : 'int16'
}

/** Whether an operand is what float_casting and the algorithms for weights alone are for. @see litert-quantizer 0.11 algorithm_manager.py */
const isOwnWeight = (w: WeightTrait): boolean => w.small !== undefined && w.integerAs !== 'activation'

const hasWeights = (spec: OpSpec): boolean => spec.quant?.weights?.some(isOwnWeight) === true

export function isWeight(node: Node, index: number): boolean {
  const spec = findSpec(node.op)
  return spec?.quant?.weights?.some((w) => isOwnWeight(w) && w.operand === spec.operands[index]?.name) === true
}

/** Whether rules with an algorithm are for ops with weights and no others. @see litert-quantizer 0.11 algorithm_manager.py */
const forWeightsOnly = (algorithm: WeightAlgorithm): boolean => algorithm !== 'min-max' && algorithm !== 'octav'

/** dequantized_weight_recovery is for FULLY_CONNECTED, CONV_2D and EMBEDDING_LOOKUP, which also take fewer bits. @see litert-quantizer 0.11 algorithm_manager.py */
const canRecover = (w: WeightTrait): boolean => isOwnWeight(w) && w.small!.dynamic.some((bits) => bits < 8)

const notInRecipe = (spec: OpSpec, algorithm: WeightAlgorithm): string => `${algorithm} is not for ${spec.builtin} in a recipe`

function fitsPort({ regex, operation, layer, tensor, index }: Match, word: string, name: string): boolean {
  if (layer || index || (operation !== undefined && operation !== word)) return false
  return (tensor?.some((pattern) => glob(pattern)(name)) ?? true) && (regex?.test(`${name};`.slice(0, maxScope)) ?? true)
}

/** Scopes of more characters are cut, so that an expression cannot take forever on one. @see litert-quantizer get_op_scope */
const maxScope = 10_000

function matcher({ regex, operation, layer, tensor, index }: Match): Test {
  const layers = layer?.map(glob)
  const tensors = tensor?.map(glob)
  return (graph, node, at, spec) => {
    const nameOf = (id: number | null) => (id === null ? '' : graph.values.get(id)!.name)
    if (operation !== undefined && spec?.builtin !== operation) return false
    if (index && !index.includes(at)) return false
    if (layers && !node.origin.source.some((s) => layers.some((test) => test(s)))) return false
    if (tensors && ![...node.outputs, ...node.inputs].some((id) => tensors.some((test) => test(nameOf(id))))) return false
    const scope = node.outputs.map((id) => `${nameOf(id)};`).join('')
    return regex?.test(scope.slice(0, maxScope)) ?? true
  }
}

/** Why an op cannot be as an action has it; undefined when it can. */
function refusalOf(graph: Graph, node: Node, spec: OpSpec, action: Action): string | undefined {
  if (action.kind === 'float') return undefined
  if (action.kind === 'static') {
    if (!spec.quant?.integer?.includes(action.type)) return `${spec.builtin} has no kernel for ${action.type}`
    if (action.isUnsigned) return 'only inputs and outputs of a model are UINT'
    const { bits, algorithm } = action.weights
    if (forWeightsOnly(algorithm) && !hasWeights(spec)) return `${spec.builtin} has no weights, for which ${algorithm} is`
    if (algorithm === 'recover' && !spec.quant.weights?.some(canRecover)) return notInRecipe(spec, algorithm)
    const takes = (w: WeightTrait) => bits === 8 || !w.small || w.small.integer?.includes(bits)
    return spec.quant.weights?.every(takes) === false ? `${spec.builtin} takes no ${bits}-bit weights with integer activations` : undefined
  }
  if (action.kind === 'half') return hasWeights(spec) ? undefined : `${spec.builtin} has no weights`
  return weightRefusal(graph, node, spec, action.scheme)
}

/** Where no constant is there to be stored, the rule holds and changes nothing. */
function weightRefusal(graph: Graph, node: Node, spec: OpSpec, scheme: WeightScheme): string | undefined {
  let reason = `${spec.builtin} has no weights`
  for (const trait of spec.quant?.weights ?? []) {
    const index = operandIndex(spec, trait.operand)
    const id = node.inputs[index]
    const value = id == null ? undefined : graph.values.get(id)!
    if (!value || elementCount(value.type.shape) === 0) continue
    const { algorithm } = scheme
    const isApart = (algorithm === 'mse' && !isOwnWeight(trait)) || (algorithm === 'recover' && !canRecover(trait))
    const place = isApart
      ? { reason: notInRecipe(spec, algorithm) }
      : placeScales(spec, node.attrs, trait, value.type.shape as readonly number[], scheme)
    if (!('reason' in place)) return undefined
    reason = place.reason
  }
  return reason
}

function describe({ regex, operation, layer, tensor, index }: Match): string {
  const parts = [
    operation,
    layer && `layer ${layer.map((l) => JSON.stringify(l)).join(' or ')}`,
    tensor && `tensor ${tensor.map((t) => JSON.stringify(t)).join(' or ')}`,
    index && `index ${index.join(' or ')}`,
    regex && `/${regex.source}/`,
  ]
  return parts.filter(Boolean).join(', ') || 'any op'
}
