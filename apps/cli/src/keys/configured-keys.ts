import { PlatformError, type Secret } from '@landbridge/kernel'
import { parseKeys } from '../state/key-file.ts'
import { type Environment, keysOfCommand } from './key-command.ts'

/** What a configuration says about sealing keys. */
export interface KeySettings {
  /** Name of the setting that holds the key. */
  readonly setting: string
  readonly sealingKey?: Secret | undefined
  readonly sealingKeyCommand?: readonly string[] | undefined
  readonly formerSealingKeys?: Secret | undefined
}

/** The keys that do not come from the key file of a data directory. */
export interface ConfiguredKeys {
  /** The one that seals first; none: there the key file has it. */
  readonly sealing: readonly Buffer[]
  /** Open only. */
  readonly former: readonly Buffer[]
  /** The setting that gives, or would give, the key that seals. */
  readonly setting: string
}

/**
 * Reads the keys that a configuration gives, or runs its command for them.
 * @throws PlatformError CONFIG_INVALID, CLI_KEY_INVALID, CLI_KEY_COMMAND_FAILED
 */
export async function configuredKeys(settings: KeySettings, environment: Environment): Promise<ConfiguredKeys> {
  const { setting, sealingKey, sealingKeyCommand } = settings
  const commandSetting = `${setting}Command`
  if (sealingKey !== undefined && sealingKeyCommand !== undefined)
    throw new PlatformError('CONFIG_INVALID', {
      problems: [`${setting}: expected one source of the sealing key, found ${commandSetting} as well`],
    })
  const former = formerKeys(settings)
  if (sealingKeyCommand !== undefined) {
    const sealing = await keysOfCommand(sealingKeyCommand, commandSetting, environment)
    return { sealing, former, setting: commandSetting }
  }
  return { sealing: sealingKey === undefined ? [] : parseKeys(sealingKey.reveal(), setting), former, setting }
}

function formerKeys({ setting, formerSealingKeys }: KeySettings): readonly Buffer[] {
  if (formerSealingKeys === undefined) return []
  return parseKeys(formerSealingKeys.reveal(), setting.replace('sealingKey', 'formerSealingKeys'))
}
