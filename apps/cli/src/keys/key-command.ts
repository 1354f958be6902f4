import { isAbsolute } from 'node:path'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import { parseKeys } from '../state/key-file.ts'
import { maskOutput } from './mask-output.ts'
import { type ProgramEnd, type ProgramLimits, runProgram } from './run-program.ts'

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

export const keyCommandLimits: ProgramLimits = { timeMs: 30_000, outputBytes: 64 * 1024 }

/** Variables whose values must not be seen in an error. */
const secretName = /TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|KEY/i

/**
 * Runs the command that prints the sealing keys: 32 bytes in base64 each, one a line, the one that seals first.
 * @param command program and arguments; no shell
 * @param setting the setting that names it
 * @param environment of this process; the command gets it without Landbridge's own variables
 * @throws PlatformError CLI_KEY_COMMAND_FAILED, which shows no key; CONFIG_INVALID
 */
export async function keysOfCommand(
  command: readonly string[],
  setting: string,
  environment: Environment,
  limits: ProgramLimits = keyCommandLimits,
): Promise<readonly [Buffer, ...Buffer[]]> {
  const [program = ''] = command
  // It would be looked for in the folder that this process happens to run in.
  if (program === '' || (/[/\\]/.test(program) && !isAbsolute(program)))
    throw new PlatformError('CONFIG_INVALID', {
      problems: [
        `${setting}: expected a program by its absolute path or by its name in PATH first, found "${program}"`,
      ],
    })
  // They hold Landbridge's secrets, and none of them is meant for others.
  const passed = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('LANDBRIDGE_')))
  const end = await runProgram(command, passed, limits)
  const refuse = (reason: string): PlatformError => {
    const errorOutput = maskOutput(end.errorOutput, secretsOf(end, passed))
    return new PlatformError('CLI_KEY_COMMAND_FAILED', {
      ...{ setting, program, reason },
      ...(errorOutput === '' ? {} : { errorOutput }),
    })
  }
  if (end.failure !== undefined) throw refuse(end.failure)
  try {
    return parseKeys(end.output, setting)
  } catch (thrown) {
    if (!isPlatformError(thrown, 'CLI_KEY_INVALID')) throw thrown
    throw refuse(`it ended with status 0, but of its output this is wrong: ${thrown.facts.reason}`)
  }
}

function secretsOf({ output }: ProgramEnd, environment: Environment): readonly string[] {
  const ofEnvironment = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined || !secretName.test(name) ? [] : [value],
  )
  return [...output.split(/\s+/), ...ofEnvironment]
}
