import { Type } from '@sinclair/typebox'

/** The log level, the same in every configuration. */
export const logLevel = Type.Union(
  [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
  { default: 'info', description: 'Least severe events that are logged.' },
)
