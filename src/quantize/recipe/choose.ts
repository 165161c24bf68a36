import { elementCount } from '../../core/shape.ts'
import type { Graph, Model, Node, NodeId, SignaturePort, ValueId } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import type { OpSpec, WeightTrait } from '../../ops/spec.ts'
import { unmatchedRule } from '../diagnostics.ts'
import { glob } from '../keep-float.ts'
import type { PortType, PortTypes } from '../types.ts'
import { placeScales, type WeightScheme } from '../weights/scheme.ts'
import { type Action, isPortWord, type Match, type Recipe, type Rule } from './recipe.ts'

/** What becomes of an op: the last rule's action that its kernel allows; else why none holds. */
export type Choice = { readonly action: Action; readonly rule: Rule } | { readonly reason: string }

export interface Chosen {
  /** For each graph of the model. */
  readonly graphs: readonly ReadonlyMap<NodeId, Choice>[]
  /** Rules that hold for no op though they fit some, with the reason of the first of these. */
  readonly idle: readonly { readonly rule: Rule; readonly reason: string }[]
}

/** Goes through the rules for every op. Throws `quantize/unmatched-rule` for rules that fit no op at all. */
export function chooseActions(model: Model, recipe: Recipe): Chosen {
  const fits = recipe.rules
    .filter((r) => !isPortWord(r.match.operation))
    .map((rule) => ({ rule, test: matcher(rule.match), isMatched: false, isHeld: false, reason: '' }))
  const graphs = model.graphs.map((graph) => {
    const choices = new Map<NodeId, Choice>()
    graph.nodes.forEach((node, index) => {
      const spec = findSpec(node.op)
      let choice: Choice = { reason: 'no rule of the recipe is for it' }
      let holder: (typeof fits)[number] | undefined
      for (const fit of fits) {
        if (!fit.test(graph, node, index, spec)) continue
        fit.isMatched = true
        const refusal = spec ? refusalOf(graph, node, spec, fit.rule.action) : 'it is a custom op'
        if (refusal === undefined) {
          choice = { action: fit.rule.action, rule: fit.rule }
          holder = fit
        } else {
          fit.reason ||= refusal
          if ('reason' in choice) choice = { reason: refusal }
        }
      }
      if (holder) holder.isHeld = true
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
  const idle = fits.filter((f) => !f.isHeld).map(({ rule, reason }) => ({ rule, reason: reason || 'later rules hold for all its ops' }))
  return { graphs, idle }
}

type Test = (graph: Graph, node: Node, index: number, spec: OpSpec | undefined) => boolean

/** Inputs and outputs of a model as the last rule that fits them says: integers where it has integer activations and `canBe` does not object. */
export function choosePorts(model: Model, recipe: Recipe, canBe: (graph: number, id: ValueId) => boolean): PortTypes {
  const types = new Map<string, PortType>()
  for (const { graph, inputs, outputs } of model.signatures) {
    const choose = (word: string, port: SignaturePort) => {
      const { name, type } = model.graphs[graph]!.values.get(port.value)!
      if (type.dtype !== 'f32' || !canBe(graph, port.value)) return
      const last = recipe.rules.findLast(({ match }) => fitsPort(match, word, name))
      if (last?.action.kind === 'static') types.set(port.name, last.action.type === 'i8' ? 'int8' : 'int16')
    }
    for (const port of inputs) choose('INPUT', port)
    for (const port of outputs) choose('OUTPUT', port)
  }
  return Object.fromEntries(types)
}

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
    const { bits } = action.weights
    const takes = (w: WeightTrait) => w.integerAs === 'activation' || bits === 8 || w.small?.integer?.includes(bits)
    return spec.quant.weights?.every(takes) === false ? `${spec.builtin} takes no ${bits}-bit weights with integer activations` : undefined
  }
  return weightRefusal(graph, node, spec, action.scheme)
}

function weightRefusal(graph: Graph, node: Node, spec: OpSpec, scheme: WeightScheme): string | undefined {
  let reason = `${spec.builtin} has no weights`
  for (const trait of spec.quant?.weights ?? []) {
    const index = spec.operands.findIndex((o) => o.name === trait.operand)
    const id = node.inputs[index]
    const value = id == null ? undefined : graph.values.get(id)!
    if (!value?.data || value.type.dtype !== 'f32' || elementCount(value.type.shape) === 0) continue
    const place = placeScales(spec, node.attrs, trait, value.type.shape as readonly number[], scheme)
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
