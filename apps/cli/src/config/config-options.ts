import { type ConfigSources, loadConfig } from '@landbridge/config'
import type { Static, TObject } from '@sinclair/typebox'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { collect } from '../command-spec.ts'
import type { Terminal } from '../terminal.ts'
import { commandVariables } from './cli-variables.ts'

export interface ConfigOptions {
  readonly config?: string
  readonly set: readonly string[]
}

/** Adds the options that name the sources of a configuration. */
export function addConfigOptions(command: Command): Command {
  return command.addOption(new Option('--config <file>', 'YAML file with the configuration')).addOption(
    new Option('--set <key=value>', 'set one key; repeatable, wins over file and environment')
      .argParser((text: string, previous: readonly string[]) => {
        if (!/^[\w.]+=/.test(text)) throw new InvalidArgumentError('expected key=value')
        return collect(text, previous)
      })
      .default([], 'none'),
  )
}

/** The sources of a configuration, weakest first: defaults, file, environment, command line. */
export function configSources(
  terminal: Terminal,
  options: ConfigOptions,
  overrides: Readonly<Record<string, unknown>> = {},
): ConfigSources {
  const set = options.set.map((text) => {
    const equals = text.indexOf('=')
    return [text.slice(0, equals), text.slice(equals + 1)] as const
  })
  // An option that was not given must not hide the same key of --set.
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  return {
    ...(options.config === undefined ? {} : { file: options.config }),
    environment: terminal.environment,
    ignoredVariables: commandVariables,
    overrides: { ...Object.fromEntries(set), ...Object.fromEntries(given) },
  }
}

/** Loads the configuration of a component. @throws PlatformError CONFIG_INVALID */
export function componentConfig<S extends TObject>(schema: S, terminal: Terminal, options: ConfigOptions): Static<S> {
  return loadConfig(schema, configSources(terminal, options))
}
