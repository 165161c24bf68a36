import type { Model, Value } from '../../ir/types.ts'
import { ambiguousStats, statsNotFloat, unknownPort } from '../diagnostics.ts'
import type { InputStats } from '../types.ts'
import { clamp, type Grid, grid, roundHalfAway } from './grid.ts'

/**
 * Grids of inputs whose numbers are stored as `real = (stored - mean) / std`: the scale is 1/std, the zero point the mean. As grids of i8, moved by
 * 128 for `uint8`. Throws quantize/unknown-port, quantize/stats-not-float, quantize/ambiguous-stats.
 * @see TensorFlow lite/python/convert.py, quantized_input_stats
 */
export function gridsOfStats(model: Model, stats: InputStats, stored: 'int8' | 'uint8'): (graph: number, value: Value) => Grid | undefined {
  const found = new Map<string, Grid>()
  const inputs = model.signatures.flatMap((s) => s.inputs.map((port) => ({ ...port, graph: s.graph })))
  const isFloat = (port: (typeof inputs)[number]) => model.graphs[port.graph]!.values.get(port.value)!.type.dtype === 'f32'
  for (const [name, { mean, std }] of Object.entries(stats)) {
    const named = name === '' ? inputs.filter(isFloat) : inputs.filter((p) => p.name === name)
    const names = [...new Set(named.map((p) => p.name))]
    if (names.length === 0) throw unknownPort(name, new Set(inputs.map((p) => p.name)))
    if (names.length > 1) throw ambiguousStats(names)
    const other = named.find((p) => !isFloat(p))
    if (other) throw statsNotFloat(name, model.graphs[other.graph]!.values.get(other.value)!.type.dtype)
    const offset = stored === 'uint8' ? 128 : 0
    for (const p of named) found.set(`${p.graph}/${p.value}`, grid(1 / std, clamp(roundHalfAway(mean) - offset, -128, 127)))
  }
  return (graph, value) => found.get(`${graph}/${value.id}`)
}
