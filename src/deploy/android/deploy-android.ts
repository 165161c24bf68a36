import { type Diagnostic, toDiagnostic } from '../../core/diagnostics.ts'
import type { TfliteFile } from '../../import/tflite/read-file.ts'
import { formatPreprocess, noPreprocess, type Preprocess } from '../../run/data/preprocess.ts'
import { sameAssetName, unsupportedPreprocess } from '../diagnostics.ts'
import { type ImageContract, imageContract } from '../image-contract.ts'
import { checkPackageName, className } from './java.ts'
import { androidReadme, type DeployedModel } from './readme.ts'
import { baseConfigSource, configSource } from './sources.ts'

export interface AndroidOptions {
  /** Java package of the sources. Default `com.example.classifier`. */
  readonly packageName?: string
  /** How a pixel of 0 to 255 becomes a real value: (pixel - mean) / std. Default: as it is, with a warning. `size` is not looked at. */
  readonly preprocess?: Preprocess
}

export interface AndroidProject {
  /** Sources by path in the folder, with `/`. */
  readonly texts: ReadonlyMap<string, string>
  /** Which model is copied to which path. */
  readonly copies: ReadonlyMap<string, TfliteFile>
  readonly models: readonly DeployedModel[]
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * The Android side of models that take pictures: one configuration class for each, their base class, the models as assets.
 * Everything that the classes state comes from the models' own inputs and from `preprocess`.
 * Throws deploy/not-an-image-input, deploy/open-image-size, deploy/same-asset-name, deploy/bad-package-name,
 * deploy/unsupported-preprocess.
 */
export function deployAndroid(files: readonly TfliteFile[], options: AndroidOptions = {}): AndroidProject {
  const packageName = options.packageName ?? 'com.example.classifier'
  checkPackageName(packageName)
  const preprocess = options.preprocess ?? noPreprocess
  const models = nameModels(files)
  for (const m of models) checkPreprocess(preprocess, m.contract)
  const folder = `java/${packageName.replaceAll('.', '/')}`
  return {
    texts: new Map([
      [`${folder}/BaseModelConfig.java`, baseConfigSource(packageName)],
      ...models.map(
        (m) => [`${folder}/${m.className}.java`, configSource(packageName, m.className, m.assetName, m.contract, preprocess)] as const,
      ),
      ['README.md', androidReadme(packageName, models, formatPreprocess({ ...preprocess, size: undefined, dtype: undefined }))],
    ]),
    copies: new Map(models.map((m, i) => [`assets/${m.assetName}`, files[i]!])),
    models,
    diagnostics: options.preprocess ? [] : [unstatedPreprocess],
  }
}

const unstatedPreprocess = toDiagnostic(
  {
    code: 'deploy/no-preprocess',
    message: 'No preprocessing was stated: pixels of 0 to 255 go into the model as they are.',
    hint: 'State what the model was trained with, for example --preprocess mean=0,std=255.',
  },
  'warning',
)

function checkPreprocess({ mean, std, filter, crop, color, layout }: Preprocess, { file, channels }: ImageContract): void {
  if (layout === 'nchw') throw unsupportedPreprocess('layout=nchw', 'Only models that take pictures pixel by pixel are supported.')
  if (crop) throw unsupportedPreprocess('crop', 'The app scales the whole camera picture to the input; leave crop out.')
  if (filter && filter !== 'bilinear')
    throw unsupportedPreprocess(`filter=${filter}`, 'Android scales bitmaps bilinearly; leave filter out.')
  const stated = Math.max(mean.length, std.length)
  if (stated > 1 && stated !== channels) {
    throw unsupportedPreprocess(`${stated} values of mean or std for ${JSON.stringify(file)}`, `Give one, or ${channels}.`)
  }
  const colors = { gray: 1, rgb: 3, bgr: 3, rgba: 4 }
  if (color && colors[color] !== channels) {
    throw unsupportedPreprocess(`color=${color} for ${JSON.stringify(file)}`, `Its pictures have ${channels} channels; leave color out.`)
  }
}

/** `FloatSavedModelConfig` and `QuantSavedModelConfig`; several of one kind are named after their files. */
function nameModels(files: readonly TfliteFile[]): DeployedModel[] {
  const contracts = files.map(imageContract)
  const taken = new Map<string, string>()
  const classes = new Set(['BaseModelConfig'])
  return contracts.map((contract) => {
    const assetName = contract.file.replace(/^.*[/\\]/, '')
    const earlier = taken.get(assetName.toLowerCase())
    if (earlier !== undefined) throw sameAssetName(assetName, earlier, contract.file)
    taken.set(assetName.toLowerCase(), contract.file)
    const isAlone = contracts.filter((c) => c.isQuantized === contract.isQuantized).length === 1
    const kind = contract.isQuantized ? 'Quant' : 'Float'
    const wanted = `${isAlone ? `${kind}SavedModel` : className(assetName) || kind}Config`
    return { className: firstFree(wanted, classes), assetName, contract }
  })
}

/** File systems may not tell cases apart, so neither do we. */
function firstFree(name: string, taken: Set<string>): string {
  const lower = new Set([...taken].map((t) => t.toLowerCase()))
  let free = name
  for (let n = 2; lower.has(free.toLowerCase()); n++) free = name.replace(/Config$/, `${n}Config`)
  taken.add(free)
  return free
}
