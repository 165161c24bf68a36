import type { ByteSink, ByteSource } from '../../src/core/bytes.ts'
import { deployAndroid } from '../../src/deploy/android/deploy-android.ts'
import { writeFolder } from '../../src/platform/node-folder.ts'
import { unknownValue } from '../diagnostics.ts'
import { diagnosticText } from '../failure.ts'
import { withCleanExit } from '../signals.ts'
import type { Command } from '../verb.ts'
import type { deployOptions } from '../verbs/deploy.ts'
import { preprocessFor, preprocessOf } from './preprocess.ts'
import { withModels } from './tflite.ts'

const targets = ['android']

export const deployCommand: Command<typeof deployOptions> = async ({ args: [target, ...paths], options, terminal }) => {
  if (!targets.includes(target!)) throw unknownValue('TARGET', target!, targets)
  const given = preprocessOf(options.preprocess)
  return withModels(paths, terminal, async (models) => {
    const kept = given
      ? []
      : [
          ...preprocessFor(
            [],
            models.map((m) => m.file),
            terminal,
          ).values(),
        ]
    // One record is for the picture that goes in; several belong to models that no project is made for.
    const preprocess = given ?? (kept.length === 1 ? kept[0] : undefined)
    const project = deployAndroid(
      models.map((m) => m.file),
      { ...(options.package !== undefined && { packageName: options.package }), ...(preprocess && { preprocess }) },
    )
    for (const d of project.diagnostics) terminal.err(`${diagnosticText(d, terminal.errStyle)}\n`)
    const files = new Map<string, (sink: ByteSink) => void>()
    for (const [name, text] of project.texts) files.set(name, (sink) => sink.write(new TextEncoder().encode(text), 0))
    for (const [name, file] of project.copies) {
      const { source } = models.find((m) => m.file === file)!
      files.set(name, (sink) => copy(source, sink))
    }
    await withCleanExit(() => writeFolder(options.output, files, { force: options.force }))
    const json = {
      target,
      output: options.output,
      files: [...files.keys()].sort(),
      models: project.models,
      diagnostics: project.diagnostics,
    }
    return { json, text: () => [`wrote ${options.output}:`, ...json.files.map((f) => `  ${f}`)].join('\n'), isResult: false }
  })
}

const copyBytes = 1 << 20

function copy(source: ByteSource, sink: ByteSink): void {
  for (let at = 0; at < source.byteLength; at += copyBytes) sink.write(source.read(at, Math.min(copyBytes, source.byteLength - at)), at)
}
