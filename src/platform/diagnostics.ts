import { DowncastError } from '../core/diagnostics.ts'

/** An input path that leads nowhere. */
export function notFound(path: string): DowncastError {
  return new DowncastError({
    code: 'import/not-found',
    message: `There is no file or folder at ${quote(path)}.`,
    file: path,
    hint: 'Check the path; a relative one starts at the folder the command runs in.',
  })
}

/** An input that is there but cannot be read; `why` completes "... cannot be read: ". */
export function unreadable(path: string, why: string, options: { hint?: string; cause?: unknown } = {}): DowncastError {
  return new DowncastError(
    { code: 'import/unreadable', message: `${quote(path)} cannot be read: ${why}.`, file: path, hint: options.hint },
    { cause: options.cause },
  )
}

/** A path inside a model that a link leads out of the model's folder. */
export function linkOutsideFolder(path: string, folder: string): DowncastError {
  return new DowncastError({
    code: 'import/link-outside-folder',
    message: `${quote(path)} is a link that leads out of ${quote(folder)}; a model may only read files in its own folder.`,
    file: path,
    hint: 'Copy the folder with its links followed (cp -rL) and convert the copy.',
  })
}

/** A folder with more files, or deeper, than a model has. */
export function folderTooLarge(folder: string, limit: string): DowncastError {
  return new DowncastError({
    code: 'import/folder-too-large',
    message: `The folder ${quote(folder)} holds more than a model does: expected at most ${limit}.`,
    file: folder,
    expected: `at most ${limit}`,
    hint: 'Give the folder that holds saved_model.pb itself.',
  })
}

/** An output path that cannot be written; `why` completes "... cannot be written: ". */
export function unwritableOutput(path: string, why: string, options: { hint?: string; cause?: unknown } = {}): DowncastError {
  return new DowncastError(
    { code: 'export/unwritable-output', message: `${quote(path)} cannot be written: ${why}.`, file: path, hint: options.hint },
    { cause: options.cause },
  )
}

/** An output that would replace one of the inputs. */
export function outputIsInput(path: string): DowncastError {
  return new DowncastError({
    code: 'export/output-is-input',
    message: `The output ${quote(path)} is the same file as an input.`,
    file: path,
    hint: 'Choose another name for the output.',
  })
}

/** An output folder that holds files already. */
export function folderNotEmpty(path: string): DowncastError {
  return new DowncastError({
    code: 'export/folder-not-empty',
    message: `The folder ${quote(path)} is not empty; nothing was written.`,
    file: path,
    hint: 'Choose a new folder, or replace files of the same names with --force.',
  })
}

/** The device, or the user's share of it, is full. */
export function diskFull(path: string, cause: unknown): DowncastError {
  return new DowncastError(
    {
      code: 'export/disk-full',
      message: `The disk is full: ${quote(path)} could not be written, and nothing was left behind.`,
      file: path,
      hint: 'Free some space or choose an output on another disk.',
    },
    { cause },
  )
}

function quote(path: string): string {
  return JSON.stringify(path)
}
