import { type Diagnostics, invariant } from '../../core/diagnostics.ts'
import { badWeights } from '../keras/diagnostics.ts'
import { agrees, type LayerWeights, orderedSlots, type WeightTree } from '../keras/layer-weights.ts'
import type { LayerConfig, ModelConfig } from '../keras/model-config.ts'
import type { NumericConst, SourceConst } from '../source-graph.ts'
import { badModelJson } from './diagnostics.ts'
import type { Weights } from './weights.ts'

/**
 * Weights of Keras 2 and of TensorFlow.js, which are named after their layer: `dense/kernel`, `lstm/lstm_cell/bias`, with the models
 * around it or without; those of one layer are in its own order. Layers that lack weights are added to `diagnostics` (`import/keras-weights`).
 */
export function readNamedWeights(file: string, weights: Weights, model: ModelConfig, diagnostics: Diagnostics): LayerWeights {
  const found = new Map<LayerConfig, Map<string, NumericConst>>()
  const byOwner = namesByOwner(weights)
  const visit = (layers: readonly LayerConfig[], models: readonly string[]): void => {
    for (const layer of layers) {
      if (layer.model) {
        visit(layer.model.layers, [...models, layer.name])
        continue
      }
      const slots = orderedSlots(layer)
      if (slots.length === 0) continue
      const owners = [...models.map((_, i) => [...models.slice(i), layer.name].join('/')), layer.name]
      const names = byOwner.get(owners.find((owner) => byOwner.has(owner)) ?? '') ?? []
      const values = names.map((name) => weights.get(name)!).filter(isNumericConst)
      if (values.length !== slots.length || !slots.every(({ slot }, i) => agrees(slot, names[i]!))) {
        const expected = slots.map(({ slot }) => slot.name)
        diagnostics.add('error', badWeights(file, layer.name, layer.className, expected, names))
        continue
      }
      for (const [i, { owner, slot }] of slots.entries()) {
        found.set(owner, (found.get(owner) ?? new Map<string, NumericConst>()).set(slot.name, values[i]!))
      }
    }
  }
  visit(model.layers, [])
  return found
}

/** Parts of a name that may be a layer; models nest a few deep. */
const maxParts = 64

function isNumericConst(value: SourceConst): value is NumericConst {
  return value.dtype !== 'string'
}

/** `a/b/c/kernel` belongs to `a`, `a/b` and `a/b/c`. */
function namesByOwner(weights: Weights): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  for (const name of weights.keys()) {
    for (let end = name.indexOf('/'), n = 0; end > 0 && n < maxParts; end = name.indexOf('/', end + 1), n++) {
      const owner = name.slice(0, end)
      const list = names.get(owner) ?? []
      list.push(name)
      names.set(owner, list)
    }
  }
  return names
}

/** The tree that Keras 3 keeps weights in, where the names are its paths (`layers/dense/vars/0`); undefined where they are not. */
export function weightTree(file: string, weights: Weights): WeightTree | undefined {
  if (weights.size === 0 || ![...weights.keys()].every((name) => /(^|\/)vars\/\d+$/.test(name))) return undefined
  const children = new Map<string, Set<string>>()
  for (const name of weights.keys()) {
    const parts = name.split('/').slice(-maxParts)
    for (const [i, part] of parts.entries()) {
      const parent = parts.slice(0, i).join('/')
      children.set(parent, (children.get(parent) ?? new Set()).add(part))
    }
  }
  return {
    name: file,
    kindOf: (path) => (weights.has(path) ? 'dataset' : children.has(path) ? 'group' : undefined),
    childrenOf: (path) => [...(children.get(path) ?? [])],
    attribute: () => undefined,
    dataset(path) {
      const value = weights.get(path)
      invariant(value, `no weight at ${path}`)
      if (!isNumericConst(value)) throw badModelJson(file, path, 'a weight of numbers', value.dtype)
      return value
    },
  }
}
