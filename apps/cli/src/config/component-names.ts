/** The processes that have a configuration. */
export const componentNames = ['up', 'cloud', 'connector'] as const

export type ComponentName = (typeof componentNames)[number]
