import type { Diagnostics } from '../../core/diagnostics.ts'
import { limitExceeded } from '../../wire/diagnostics.ts'
import type { Hdf5Dataset, Hdf5File } from '../../wire/hdf5/hdf5.ts'
import type { NumericConst } from '../source-graph.ts'
import { badWeights } from './diagnostics.ts'
import type { LayerConfig, ModelConfig } from './model-config.ts'
import { snakeCase, type WeightSlot, weightSlots } from './weight-slots.ts'

/** Links looked at to find weights; a damaged file may have circles of them. */
const maxLinks = 200_000

/** Weights by name, for every layer that is not itself a model. */
export type LayerWeights = ReadonlyMap<LayerConfig, ReadonlyMap<string, NumericConst>>

/**
 * Weights from the HDF5 groups of Keras' legacy `.h5` files: for each layer of the outermost model a group whose attribute
 * `weight_names` lists its datasets, trainable ones first. Layers that lack weights are added to `diagnostics` (`import/keras-weights`).
 */
export function readLegacyWeights(file: Hdf5File, group: string, model: ModelConfig, diagnostics: Diagnostics): LayerWeights {
  const found = new Map<LayerConfig, Map<string, NumericConst>>()
  for (const layer of model.layers) {
    const slots = orderedSlots(layer)
    const at = `${group}/${layer.name}`
    const names = slots.length === 0 ? [] : chunkedStrings(file, at, 'weight_names')
    if (names.length !== slots.length || !slots.every(({ slot }, i) => agrees(slot, names[i]!))) {
      const expected = slots.map(({ owner, slot }) => (owner === layer ? slot.name : `${owner.name}/${slot.name}`))
      diagnostics.add('error', badWeights(file.name, layer.name, layer.className, expected, names))
      continue
    }
    for (const [i, { owner, slot }] of slots.entries()) {
      const weights = found.get(owner) ?? new Map<string, NumericConst>()
      const data = diagnostics.collect(() => file.dataset(`${at}/${names[i]}`))
      if (data) weights.set(slot.name, toConst(data))
      found.set(owner, weights)
    }
  }
  return found
}

interface OwnedSlot {
  readonly owner: LayerConfig
  readonly slot: WeightSlot
}

/** Slots of a layer and of those inside it: trainable ones first, as `trainable_weights + non_trainable_weights` lists them. */
export function orderedSlots(layer: LayerConfig): OwnedSlot[] {
  const trainable: OwnedSlot[] = []
  const others: OwnedSlot[] = []
  const visit = (l: LayerConfig): void => {
    if (l.inner) visit(l.inner)
    if (l.model) {
      for (const inner of l.model.layers) visit(inner)
      return
    }
    for (const slot of weightSlots(l.className, l.config) ?? []) {
      const isTrainable = slot.isTrainable && (!Object.hasOwn(l.config, 'trainable') || l.config.trainable !== false)
      ;(isTrainable ? trainable : others).push({ owner: l, slot })
    }
  }
  visit(layer)
  return [...trainable, ...others]
}

const knownTails =
  /^(kernel|recurrent_kernel|depthwise_kernel|pointwise_kernel|bias|gamma|beta|moving_mean|moving_variance|embeddings|alpha)$/

/** Whether a stored name such as `lstm/lstm_cell_3/kernel:0` can be that of the slot; names that say nothing agree with all. */
export function agrees(slot: WeightSlot, stored: string): boolean {
  const tail = stored.slice(stored.lastIndexOf('/') + 1).replace(/:\d+$/, '')
  const wanted = slot.name.slice(slot.name.lastIndexOf('/') + 1)
  // Keras 2 calls the kernel of a depthwise convolution so.
  const isDepthwise = tail === 'depthwise_kernel' && wanted === 'kernel'
  return tail === wanted || isDepthwise || !knownTails.test(tail) || !knownTails.test(wanted)
}

/** An attribute with a list of strings, which Keras splits into `name0`, `name1`, ... when it is long. */
export function chunkedStrings(file: Hdf5File, path: string, name: string): readonly string[] {
  const whole = file.attribute(path, name)
  if (whole) return whole
  const chunks: string[] = []
  for (let i = 0; ; i++) {
    const chunk = file.attribute(path, `${name}${i}`)
    if (!chunk) return chunks
    chunks.push(...chunk)
  }
}

/** Where Keras 3 keeps its weights: an HDF5 file, or what has the same tree. */
export type WeightTree = Pick<Hdf5File, 'name' | 'kindOf' | 'childrenOf' | 'attribute' | 'dataset'>

/**
 * Weights from the `model.weights.h5` of a `.keras` file: groups `layers/<class>_<n>/<part>/vars/<i>`, where the groups may
 * carry the layer's name. Layers that lack weights are added to `diagnostics` (`import/keras-weights`); of Keras 2, whose files may not say
 * which layers are one object (`saysShared`), only those that have no twin.
 */
export function readSavedWeights(file: WeightTree, model: ModelConfig, diagnostics: Diagnostics, saysShared = true): LayerWeights {
  const found = new Map<LayerConfig, Map<string, NumericConst>>()
  const budget = { linksLeft: maxLinks }
  const visit = (inner: ModelConfig, root: string): void => {
    const groups = groupsOf(file, root, inner, budget)
    for (const layer of inner.layers) visitLayer(layer, groups.get(layer.name))
  }
  const missing: { layer: LayerConfig; slots: readonly WeightSlot[]; weights: Map<string, NumericConst> }[] = []
  const visitLayer = (layer: LayerConfig, group: string | undefined): void => {
    if (layer.model) visit(layer.model, group ?? '')
    if (layer.inner) visitLayer(layer.inner, group && `${group}/layer`)
    const slots = layer.model || layer.inner ? [] : (weightSlots(layer.className, layer.config) ?? [])
    if (slots.length === 0) return
    const weights = new Map<string, NumericConst>()
    for (const slot of slots) {
      const path = group === undefined ? undefined : slotPath(file, group, slot)
      const data = path === undefined ? undefined : diagnostics.collect(() => file.dataset(path))
      if (data) weights.set(slot.name, toConst(data))
    }
    if (weights.size < slots.length) {
      missing.push({ layer, slots, weights })
      return
    }
    found.set(layer, weights)
  }
  visit(model, '')
  const twins = new Map(
    missing.map(({ layer, weights }) => [layer, layer.isShared || (!saysShared && weights.size === 0) ? twinOf(layer, found) : undefined]),
  )
  for (const { layer, slots, weights } of missing) {
    const twin = twins.get(layer)
    if (twin) found.set(layer, twin)
    else {
      diagnostics.add(
        'error',
        badWeights(
          file.name,
          layer.name,
          layer.className,
          slots.map((s) => s.name),
          [...weights.keys()],
        ),
      )
    }
  }
  return found
}

/** The weights of the one layer of the same name and class, for a layer that is the same object as another. */
function twinOf(layer: LayerConfig, found: LayerWeights): Map<string, NumericConst> | undefined {
  const twins = [...found].filter(([l]) => l.name === layer.name && l.className === layer.className)
  return twins.length === 1 ? new Map(twins[0]![1]) : undefined
}

function slotPath(file: WeightTree, group: string, { part, index }: WeightSlot): string | undefined {
  // Keras before 3.4 kept the parts of attention under their private names.
  for (const name of part === '' ? [''] : [`${part}/`, `_${part}/`]) {
    const path = `${group}/${name}vars/${index}`
    if (file.kindOf(path) === 'dataset') return path
  }
  return undefined
}

/** Groups of the layers of a model by layer name. */
function groupsOf(file: WeightTree, root: string, model: ModelConfig, budget: LinkBudget): Map<string, string> {
  const prefix = root === '' ? '' : `${root}/`
  const container = ['layers', '_layer_checkpoint_dependencies'].map((c) => `${prefix}${c}`).find((c) => file.kindOf(c) === 'group')
  const groups = new Map<string, string>()
  if (container === undefined) return groups
  const children = new Set(file.childrenOf(container))
  spend(file, container, budget, children.size)
  for (const child of children) {
    const path = `${container}/${child}/vars`
    const name = file.kindOf(path) === 'group' ? file.attribute(path, 'name')?.[0] : undefined
    if (name !== undefined) groups.set(name, `${container}/${child}`)
  }
  // Files of Keras 2 and early Keras 3 name no layers: groups are numbered by class in the order of the layers. Some count
  // layers with weights twice, so it is the order that tells.
  const unnamed = [...children].filter(
    (child) => !hasName(file, `${container}/${child}`) && holdsWeights(file, `${container}/${child}`, budget),
  )
  const byClass = new Map<string, LayerConfig[]>()
  for (const layer of model.layers) {
    if (groups.has(layer.name) || !needsWeights(layer)) continue
    const base = snakeCase(layer.className)
    byClass.set(base, [...(byClass.get(base) ?? []), layer])
  }
  for (const [base, layers] of byClass) {
    const numbered = unnamed
      .map((child) => ({ child, number: child === base ? 0 : numberAfter(child, `${base}_`) }))
      .filter((c) => !Number.isNaN(c.number))
      .sort((a, b) => a.number - b.number)
    for (const [i, layer] of layers.entries()) if (numbered[i]) groups.set(layer.name, `${container}/${numbered[i].child}`)
  }
  return groups
}

function needsWeights(layer: LayerConfig): boolean {
  if (layer.inner) return needsWeights(layer.inner)
  return layer.model ? layer.model.layers.some(needsWeights) : (weightSlots(layer.className, layer.config)?.length ?? 0) > 0
}

interface LinkBudget {
  linksLeft: number
}

function spend(file: WeightTree, path: string, budget: LinkBudget, links: number): void {
  budget.linksLeft -= links
  if (budget.linksLeft < 0) throw limitExceeded({ file: file.name, path, what: 'Keras weights', expected: `at most ${maxLinks} links` })
}

/** Whether there is a first variable in the group or in one of its parts. */
function holdsWeights(file: WeightTree, group: string, budget: LinkBudget): boolean {
  const open = [group]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (file.kindOf(`${at}/vars/0`) === 'dataset') return true
    const children = file.childrenOf(at)
    spend(file, group, budget, children.length + 1)
    for (const child of children) if (child !== 'vars' && file.kindOf(`${at}/${child}`) === 'group') open.push(`${at}/${child}`)
  }
  return false
}

/** 12 for `dense_12` and the prefix `dense_`; NaN when it is no such name. */
function numberAfter(name: string, prefix: string): number {
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^\d{1,9}$/.test(rest) ? Number(rest) : Number.NaN
}

function hasName(file: WeightTree, group: string): boolean {
  return file.kindOf(`${group}/vars`) === 'group' && file.attribute(`${group}/vars`, 'name') !== undefined
}

function toConst({ dtype, shape, data }: Hdf5Dataset): NumericConst {
  return { dtype: dtype as NumericConst['dtype'], shape, data }
}
