import type { Converted } from '../../src/convert.ts'

/* What was done to weights and biases beside storing them, as text. */

type Equalized = NonNullable<Converted['equalization']>
type Corrected = NonNullable<Converted['biasCorrection']>

/** Three digits. */
export const formatReal = (x: number): string => String(Number(x.toPrecision(3)))

export function equalizedText({ pairs, others }: Equalized): string {
  return `${pairs.length} of ${pairs.length + others.length} ops with those behind them`
}

export function equalizationLines(found: Equalized): string[] {
  return [
    `equalized: ${equalizedText(found)}`,
    ...found.pairs.map(({ layers: [a, b], channels, factors: [low, high] }) => {
      return `  ${a} and ${b}: ${channels} channels divided by ${formatReal(low)} to ${formatReal(high)}`
    }),
    ...found.others.map(({ layer, reason }) => `  not ${layer}: ${reason}`),
  ]
}

export function correctedText({ corrected, others }: Corrected): string {
  return `${corrected.length} of ${corrected.length + others.length} ops corrected`
}

const biasWords = { own: '', shared: ', in a copy of a bias that others have too', new: ', in a bias that it did not have' } as const

export function correctionLines(found: Corrected): string[] {
  return [
    `biases: ${correctedText(found)}`,
    ...found.corrected.map(({ layer, channels, shift, share, bias }) => {
      const part = share === undefined ? '' : `, ${Number((100 * share).toPrecision(2))} % of the range of its result`
      return `  ${layer}: ${channels} channels, by ${formatReal(shift)} at most${part}${biasWords[bias]}`
    }),
    ...found.others.map(({ layer, reason }) => `  not ${layer}: ${reason}`),
  ]
}
