import type { OpFamily } from '../inspect/types.ts'

export interface FamilyColor {
  readonly label: string
  /** Degrees on the color wheel, and percent of saturation: light and dark tints follow from them. */
  readonly hue: number
  readonly saturation: number
}

/** Colors of the op families, in the order of the legend. */
export const familyColors: Readonly<Record<OpFamily, FamilyColor>> = {
  convolution: { label: 'Convolution', hue: 217, saturation: 78 },
  matmul: { label: 'Matrix product', hue: 262, saturation: 62 },
  recurrent: { label: 'Recurrent', hue: 150, saturation: 55 },
  pool: { label: 'Pooling, resizing', hue: 187, saturation: 65 },
  activation: { label: 'Activation', hue: 8, saturation: 72 },
  elementwise: { label: 'Elementwise', hue: 36, saturation: 82 },
  reduce: { label: 'Reduction', hue: 84, saturation: 48 },
  shape: { label: 'Shape, data movement', hue: 215, saturation: 14 },
  quantize: { label: 'Quantization', hue: 322, saturation: 58 },
  control: { label: 'Control, state', hue: 22, saturation: 38 },
  other: { label: 'Other', hue: 48, saturation: 22 },
  custom: { label: 'Custom', hue: 296, saturation: 50 },
}
export const families = Object.keys(familyColors) as readonly OpFamily[]

export type Tint = 'fill' | 'ink' | 'accent'
/** Percent of lightness: box, its text, its mark. */
const lightness = { light: { fill: 96, ink: 27, accent: 52 }, dark: { fill: 19, ink: 82, accent: 60 } } as const
/** Of the family's saturation; dark boxes glow otherwise. */
const saturationShare = { light: { fill: 1, ink: 0.75, accent: 1 }, dark: { fill: 0.42, ink: 0.7, accent: 0.9 } } as const

export function tint(family: OpFamily, scheme: 'light' | 'dark', part: Tint): string {
  const { hue, saturation } = familyColors[family]
  return hslToHex(hue, saturation * saturationShare[scheme][part], lightness[scheme][part])
}

/** `#rrggbb`, which every renderer of SVG and DOT takes. @see https://www.w3.org/TR/css-color-4/#hsl-to-rgb */
function hslToHex(hue: number, saturation: number, light: number): string {
  const [s, l] = [saturation / 100, light / 100]
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12
    return Math.round(255 * (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return `#${[0, 8, 4].map((n) => channel(n).toString(16).padStart(2, '0')).join('')}`
}
