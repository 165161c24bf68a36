import { countMismatch } from './diagnostics.ts'
import { type DataSet, makeDataSet } from './sample.ts'

/**
 * One data set from several, each the values of one input by its name: sample `i` holds the `i`-th of each. Labels and names are those
 * of the first. Throws `run/count-mismatch`.
 */
export function joinDataSets(sets: ReadonlyMap<string, DataSet>): DataSet {
  const [first, ...others] = sets.values()
  if (!first || (others.length === 0 && sets.has(''))) return first!
  for (const [input, set] of sets) {
    if (set.count !== first.count) throw countMismatch(set.name, `samples for ${JSON.stringify(input)}`, first.count, set.count)
  }
  return makeDataSet({
    ...first,
    async read(index) {
      const samples = await Promise.all(Array.from(sets, async ([input, set]) => ({ input, sample: await set.read(index) })))
      const arrays = samples.map(({ input, sample }) => {
        // A set of one array goes to the input it was given for, whatever the array's own name.
        const values = sample.arrays.get(input) ?? [...sample.arrays.values()][0]!
        return [input, values] as const
      })
      return { ...samples[0]!.sample, arrays: new Map(arrays) }
    },
  })
}
