import { codeOfDtype } from '../../schema/tensorflow/data-type.ts'
import { malformed } from '../../wire/diagnostics.ts'
import type { MlirBlock, MlirModule, MlirOp, MlirType, MlirValue } from '../../wire/mlir/types.ts'
import type { FunctionArg, FunctionBody } from '../graph-def/definitions.ts'
import { graphTooLarge } from '../graph-def/diagnostics.ts'
import { Body, type Tensor } from './body.ts'
import { calls } from './calls.ts'
import { constants } from './constants.ts'
import { control } from './control.ts'
import { dtypeOf } from './elements.ts'
import { elementwise } from './elementwise.ts'
import { gather } from './gather.ts'
import { type Bound, HloOp, type HloScope, maxDepth, Refusal, sizesOfType, type Translate } from './hlo-op.ts'
import { Layers, layerOf } from './layers.ts'
import { linearAlgebra } from './linear-algebra.ts'
import { moves } from './moves.ts'
import { products } from './products.ts'
import { reductions } from './reduce.ts'
import { scatter } from './scatter.ts'
import { sorts } from './sorts.ts'
import { isNamed, lastUses, spelledOut } from './spelled-out.ts'
import { windows } from './windows.ts'

/** How each op of StableHLO is said in TensorFlow's ops, one file per family. */
const translations: Readonly<Record<string, Translate>> = Object.assign(
  Object.create(null),
  calls,
  constants,
  control,
  elementwise,
  { gather, dynamic_gather: gather, scatter },
  linearAlgebra,
  moves,
  products,
  reductions,
  sorts,
  windows,
)

/** Ops that only move or spread constants are made again where a region reads what they give. */
const repeatable = new Set(['constant', 'iota', 'broadcast_in_dim', 'reshape', 'convert', 'transpose'])

/** A model's layers nest a dozen deep. */
const maxNesting = 200

type Define = (body: FunctionBody) => string

/** A module as functions of TensorFlow ops. */
export class Translation {
  readonly #module: MlirModule
  readonly #file: string
  #depth = 0
  readonly #name: string
  readonly #define: Define
  /** The op that gives each value. */
  readonly #makers = new Map<number, MlirOp>()
  /** Names of translated functions; undefined while one is being translated. */
  readonly #functions = new Map<string, string | undefined>()

  /** `name` begins the names of the functions that `define` takes. */
  constructor(module: MlirModule, file: string, name: string, define: Define) {
    this.#module = module
    this.#file = file
    this.#name = name
    this.#define = define
    const visit = (block: MlirBlock): void => {
      for (const op of block.ops) {
        for (const r of op.results) this.#makers.set(r.id, op)
        for (const region of op.regions) visit(region)
      }
    }
    for (const f of module.functions) visit(f.body)
  }

  /** The function `main`; `leading` makes what its first arguments are, from the tensors of the others. */
  main(leading: readonly ((body: Body, args: readonly Tensor[]) => Tensor)[]): string {
    const main = this.#module.functions.find((f) => f.name === 'main') ?? this.#module.functions.find((f) => f.isPublic)
    if (!main) {
      const names = this.#module.functions.map((f) => f.name)
      throw malformed({
        file: this.#file,
        what: 'module of XlaCallModule',
        expected: 'a function main',
        actual: names.slice(0, 8).join(', ') || 'none',
      })
    }
    return this.#translate('main', main.body, [], false, leading)
  }

  maker(value: MlirValue): MlirOp | undefined {
    return this.#makers.get(value.id)
  }

  function(name: string): string {
    if (this.#functions.has(name)) return this.#functions.get(name) ?? fail()
    const block = this.block(name) ?? fail()
    this.#functions.set(name, undefined)
    const translated = this.#translate(name, block, [], false)
    this.#functions.set(name, translated)
    return translated
  }

  block(name: string): MlirBlock | undefined {
    return this.#module.functions.find((f) => f.name === name)?.body
  }

  region(kind: string, block: MlirBlock, captured: readonly MlirValue[], givesCaptured: boolean): string {
    return this.#translate(kind, block, captured, givesCaptured)
  }

  captures(blocks: readonly MlirBlock[]): readonly MlirValue[] {
    const inside = new Set<number>()
    const read = new Map<number, MlirValue>()
    const visit = (block: MlirBlock): void => {
      for (const arg of block.arguments) inside.add(arg.id)
      for (const op of block.ops) {
        for (const operand of op.operands) if (!inside.has(operand.id)) this.#readOutside(operand, read)
        for (const region of op.regions) visit(region)
        for (const r of op.results) inside.add(r.id)
      }
    }
    for (const block of blocks) visit(block)
    return [...read.values()]
  }

  /** What of a value from outside must be handed in: of what is made of constants nothing. */
  #readOutside(value: MlirValue, read: Map<number, MlirValue>): void {
    if (!this.isRepeatable(value)) read.set(value.id, value)
  }

  isRepeatable(value: MlirValue, depth = 0): boolean {
    const op = depth > maxDepth ? undefined : this.maker(value)
    return (
      op !== undefined && repeatable.has(op.name) && op.operands.length <= 1 && op.operands.every((v) => this.isRepeatable(v, depth + 1))
    )
  }

  #translate(
    name: string,
    block: MlirBlock,
    captured: readonly MlirValue[],
    givesCaptured: boolean,
    leading: readonly ((body: Body, args: readonly Tensor[]) => Tensor)[] = [],
  ): string {
    if (this.#depth >= maxNesting) throw graphTooLarge(this.#file, `${maxNesting} functions and regions within one another`)
    this.#depth++
    const body = new Body()
    const scope = new FunctionScope(this, body, name)
    const stated = [...block.arguments.slice(leading.length), ...captured]
    const args = stated.map(
      (v, i): FunctionArg => ({ name: `arg${i}`, tensors: [`arg${i}:0`], type: codeOf(v.type), dims: dimsOf(v.type) }),
    )
    const tensors = args.map((a) => a.tensors![0]!)
    for (const [i, v] of stated.entries()) scope.bind(v, tensors[i]!)
    for (const [i, make] of leading.entries()) {
      body.layer = ''
      scope.bind(block.arguments[i]!, make(body, tensors))
    }
    scope.run(block)
    const returned = block.ops.at(-1)?.operands ?? []
    const given = [...returned, ...(givesCaptured ? captured : [])]
    const results = given.map((v, i) => ({ name: `result${i}`, type: codeOf(v.type), from: scope.whole(v) }))
    this.#depth--
    return this.#define({ name: `${this.#name}/${name}`, args, results, nodes: body.nodes, checks: [], tableChanges: [], isNumbered: true })
  }
}

function fail(): never {
  throw new Refusal()
}

function codeOf(type: MlirType): number {
  const dtype = dtypeOf(type)
  return dtype === undefined ? 0 : codeOfDtype(dtype)
}

function dimsOf(type: MlirType): readonly number[] | undefined {
  return type.kind === 'tensor' ? type.shape.map((s) => s ?? -1) : undefined
}

/** The values of one function while it is translated. */
class FunctionScope implements HloScope {
  readonly body: Body
  readonly name: string
  readonly #translation: Translation
  readonly #values = new Map<number, Bound>()
  readonly #layers = new Layers()
  /** Of all ops of a region that is part of another op. */
  #layer: string | undefined

  constructor(translation: Translation, body: Body, name: string) {
    this.#translation = translation
    this.name = name
    this.body = body
  }

  bind(value: MlirValue, tensor: Tensor): void {
    this.#values.set(value.id, { tensor, own: value.type.kind === 'tensor' ? value.type.shape : [] })
  }

  run(block: MlirBlock): void {
    const { ops } = block
    let uses: ReadonlyMap<number, number> | undefined
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i]!
      if (op.name === 'return') continue
      uses ??= isNamed(op) ? lastUses(block) : undefined
      const spelled = uses && spelledOut(this, ops, i, uses)
      if (!spelled) this.#translate(op)
      else {
        this.body.layer = this.#layer ?? this.#layerOf(op)
        this.#values.set(spelled.result.id, new HloOp(op, this).map(spelled.op, [this.bound(spelled.x)]))
        i = spelled.end - 1
      }
    }
  }

  bound(value: MlirValue): Bound {
    const known = this.#values.get(value.id)
    if (known) return known
    const maker = this.maker(value)
    if (!maker || !this.#translation.isRepeatable(value)) throw new Refusal()
    this.#translate(maker)
    return this.#values.get(value.id)!
  }

  whole(value: MlirValue): Tensor {
    const bound = this.bound(value)
    return value.type.kind === 'tensor' ? new HloOp(this.maker(value) ?? noOp, this).whole(bound, sizesOfType(value)) : bound.tensor
  }

  maker(value: MlirValue): MlirOp | undefined {
    return this.#translation.maker(value)
  }

  function(name: string): string {
    return this.#translation.function(name)
  }

  block(name: string): MlirBlock | undefined {
    return this.#translation.block(name)
  }

  region(kind: string, block: MlirBlock, captured: readonly MlirValue[], givesCaptured: boolean): string {
    const { layer } = this.body
    const name = this.#translation.region(kind, block, captured, givesCaptured)
    this.body.layer = layer
    return name
  }

  inline(block: MlirBlock, args: readonly Bound[]): readonly Bound[] {
    const { layer } = this.body
    this.#layer = layer
    for (const [i, arg] of block.arguments.entries()) this.#values.set(arg.id, args[i] ?? fail())
    this.run(block)
    this.#layer = undefined
    this.body.layer = layer
    return (block.ops.at(-1)?.operands ?? []).map((v) => this.bound(v))
  }

  captures(blocks: readonly MlirBlock[]): readonly MlirValue[] {
    return this.#translation.captures(blocks)
  }

  #translate(op: MlirOp): void {
    this.body.layer = this.#layer ?? this.#layerOf(op)
    const results = this.#results(op)
    for (const [i, value] of op.results.entries()) {
      const result = results[i]
      if (typeof result === 'object') this.#values.set(value.id, result)
      else if (result !== undefined) this.bind(value, result)
    }
  }

  #layerOf({ name, location }: MlirOp): string {
    if (name === 'call') return layerOf(location)
    // Where a constant stands says nothing of the order of the program.
    return name === 'constant' ? layerOf(location) || name : this.#layers.of(location, name)
  }

  #results(op: MlirOp): readonly (Tensor | Bound)[] {
    const translate = translations[op.name]
    try {
      if (translate) {
        const translated = translate(new HloOp(op, this))
        return Array.isArray(translated) ? translated : [translated as Tensor | Bound]
      }
    } catch (e) {
      if (!(e instanceof Refusal)) throw e
    }
    const inputs = op.operands.flatMap((v) => {
      const bound = this.#values.get(v.id)
      return bound ? [bound.tensor] : []
    })
    return this.body.ops(nameOf(op), inputs, {}, op.results.length)
  }
}

const noOp: MlirOp = { name: '', operands: [], results: [], attrs: new Map(), regions: [], location: undefined }

/** What lowering calls an op that has no translation. */
function nameOf(op: MlirOp): string {
  const target = op.name === 'custom_call' ? op.attrs.get('call_target_name') : undefined
  return target?.kind === 'string' ? `custom_call@${target.value}` : `stablehlo.${op.name}`
}
