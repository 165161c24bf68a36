import { formatShape } from '../core/shape.ts'
import { bestClass, scoresOf } from '../run/class-scores.ts'
import type { Sample } from '../run/data/sample.ts'
import { topK } from '../run/top-k.ts'
import { differentShapes, labelOutOfRange } from './diagnostics.ts'
import { OutputErrors } from './output-errors.ts'
import { type Difference, type Flip, type FlipKind, flipKinds, type Share } from './types.ts'

/** One output of one sample as real numbers; undefined values for outputs that are not numbers. */
export interface OutputValues {
  readonly shape: readonly number[]
  readonly values: Float32Array
}
/** The outputs of one sample in the reference's order. */
export type Answer = readonly (OutputValues | undefined)[]

/** What the reference said of one sample. */
export interface Judged {
  readonly answer: Answer
  /** Absent when no output holds class scores. */
  readonly scores: Float32Array | undefined
  readonly best: number
}

const shownClasses = 3

/** Counts one model's answers as they come; keeps the first flips of each kind. */
export class ModelTally {
  readonly name: string
  nonFinite = 0
  readonly #outputs: readonly string[]
  readonly #scored: number
  readonly #maxFlips: number
  readonly #errors: OutputErrors[]
  readonly #counts: Record<FlipKind, number> = { lost: 0, gained: 0, changed: 0 }
  readonly #flips: Record<FlipKind, Flip[]> = { lost: [], gained: [], changed: [] }
  #samples = 0
  #labeled = 0
  #correct = 0

  /** `outputs` are the reference's names; `scored` is the position of the one that holds class scores, -1 for none. */
  constructor(name: string, outputs: readonly string[], scored: number, maxFlips: number) {
    this.name = name
    this.#outputs = outputs
    this.#scored = scored
    this.#maxFlips = maxFlips
    this.#errors = outputs.map((o) => new OutputErrors(o))
  }

  /** Counts an answer by itself. Throws compare/label-out-of-range. */
  judge(sample: Sample, answer: Answer): Judged {
    this.#samples++
    for (const o of answer) for (const v of o?.values ?? []) if (!Number.isFinite(v)) this.nonFinite++
    const scored = answer[this.#scored]
    if (!scored) return { answer, scores: undefined, best: -1 }
    const scores = scoresOf(scored.values)
    const best = bestClass(scores)
    if (sample.label !== undefined) {
      if (sample.label >= scores.length) throw labelOutOfRange(sample.name, sample.label, scores.length)
      this.#labeled++
      if (best === sample.label) this.#correct++
    }
    return { answer, scores, best }
  }

  /** Counts how an answer differs from the reference's. Throws compare/different-shapes. */
  contrast(sample: Sample, own: Judged, reference: Judged, referenceName: string): void {
    for (const [i, expected] of reference.answer.entries()) {
      const found = own.answer[i]
      if (!expected && !found) continue
      const [a, b] = [expected, found].map((o) => (o ? formatShape(o.shape) : 'no numbers')) as [string, string]
      if (a !== b) throw differentShapes(referenceName, this.name, this.#outputs[i]!, a, b)
      this.#errors[i]!.add(sample.name, expected!.values, found!.values)
    }
    if (!own.scores || own.best === reference.best) return
    const kind = sample.label === reference.best ? 'lost' : sample.label === own.best ? 'gained' : 'changed'
    this.#counts[kind]++
    if (this.#flips[kind].length >= this.#maxFlips) return
    this.#flips[kind].push({
      kind,
      index: sample.index,
      name: sample.name,
      label: sample.label ?? null,
      reference: topK(reference.scores!, shownClasses),
      candidate: topK(own.scores, shownClasses),
    })
  }

  accuracy(): Share | null {
    return this.#scored < 0 || this.#labeled === 0 ? null : share(this.#correct, this.#labeled)
  }

  difference(): Difference {
    const { lost, gained, changed } = this.#counts
    const hasScores = this.#scored >= 0
    const hasLabels = hasScores && this.#labeled > 0
    return {
      agreement: hasScores ? share(this.#samples - lost - gained - changed, this.#samples) : null,
      outputs: this.#errors.map((e) => e.result()),
      lost: hasLabels ? lost : null,
      gained: hasLabels ? gained : null,
      changed: hasScores ? changed : null,
      flips: flipKinds.flatMap((k) => this.#flips[k]),
    }
  }
}

function share(count: number, of: number): Share {
  return { count, of, share: of === 0 ? 0 : count / of }
}
