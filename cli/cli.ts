import { version } from '../src/core/version.ts'
import { unknownVerb } from './diagnostics.ts'
import { exitCodes, reportFailure } from './failure.ts'
import { generalHelp, verbHelp } from './help.ts'
import { parseArguments, passArguments } from './parse-arguments.ts'
import type { Terminal } from './terminal.ts'
import { verbs } from './verbs/index.ts'

/** Runs one command line (the words after `downcast`) and gives the exit code. Everything it says goes to `terminal`. */
export async function runCli(words: readonly string[], terminal: Terminal): Promise<number> {
  const end = words.indexOf('--')
  const has = (flag: string): boolean => words.slice(0, end < 0 ? words.length : end).includes(flag)
  const json = has('--json')
  try {
    return await dispatch(words, terminal)
  } catch (error) {
    return reportFailure(error, { json, debug: has('--debug') }, terminal)
  }
}

async function dispatch([first, ...rest]: readonly string[], terminal: Terminal): Promise<number> {
  const isHelpVerb = first === 'help'
  const named = isHelpVerb ? rest[0] : first
  if (first === '--version' || first === '-V') return say(version, terminal)
  if (named === undefined || named === '--help' || named === '-h') {
    if (first !== undefined) return say(generalHelp(version, verbs), terminal)
    terminal.err(`${generalHelp(version, verbs)}\n`)
    return exitCodes.usage
  }
  const verb = verbs.find((v) => v.name === named)
  if (!verb)
    throw unknownVerb(
      named,
      verbs.map((v) => v.name),
    )
  const { args, options } = (verb.foreignHelp ? passArguments : parseArguments)(verb, isHelpVerb ? ['--help'] : rest)
  if (options.help) return say(verb.foreignHelp ? await verb.foreignHelp() : verbHelp(verb), terminal)
  const command = await verb.load()
  const outcome = await command({ args, options, terminal: options.quiet ? quieted(terminal) : terminal })
  if (options.json) say(JSON.stringify(outcome.json, undefined, 2), terminal)
  else if (outcome.isResult || !options.quiet) say(outcome.text(), terminal)
  return outcome.exitCode ?? exitCodes.ok
}

function say(text: string, terminal: Terminal): number {
  terminal.out(text.endsWith('\n') ? text : `${text}\n`)
  return exitCodes.ok
}

/** Errors are printed by the caller's terminal; all else that goes to stderr is dropped. */
function quieted(terminal: Terminal): Terminal {
  return { ...terminal, err: () => {}, progress: () => ({ update: () => {}, finish: () => {} }) }
}
