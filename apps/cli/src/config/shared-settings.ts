import { Type } from '@sinclair/typebox'

/** The command that gives the sealing keys, for the cloud side and for connectors. */
export const sealingKeyCommand = Type.Array(Type.String(), {
  minItems: 1,
  description:
    'Program and arguments, run without a shell at the start: it prints the keys that encrypt stored secrets, 32 bytes in base64 each, one a line, the one that encrypts first. Instead of `sealingKey`. Write no secret here: arguments are seen by all users of the machine.',
  examples: [['/usr/local/bin/landbridge-keys']],
})

/** The log level, the same in every configuration. */
export const logLevel = Type.Union(
  [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
  { default: 'info', description: 'Least severe events that are logged.' },
)
