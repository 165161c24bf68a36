import type { Kernel } from './fold.ts'
export const kernels: Readonly<Record<string, Kernel | undefined>> = {}
