import { dataSpec } from '../../src/platform/node-data.ts'
import { joinDataSets } from '../../src/run/data/join-data-sets.ts'
import { openDataSet } from '../../src/run/data/open-data-set.ts'
import type { DataSet } from '../../src/run/data/sample.ts'
import { malformedValue } from '../diagnostics.ts'

/** `name=file` or `file` as paths by input name, `''` for one that is not named. Throws cli/malformed-value. */
export function inputPaths(option: string, values: readonly string[]): Map<string, string> {
  const paths = new Map<string, string>()
  for (const value of values) {
    const at = value.indexOf('=')
    const name = at < 0 ? '' : value.slice(0, at)
    const isSound = at !== 0 && value.slice(at + 1) !== '' && !paths.has(name) && (name !== '' || values.length === 1)
    if (!isSound) throw malformedValue(option, value, values.length === 1 ? 'a file, or NAME=FILE' : 'NAME=FILE, each name once')
    paths.set(name, value.slice(at + 1))
  }
  return paths
}

/** The data set of one path, or of several that hold the values of one input each. */
export function openPaths(paths: ReadonlyMap<string, string>): DataSet {
  return joinDataSets(new Map(Array.from(paths, ([name, path]) => [name, openDataSet(dataSpec(path))])))
}
