/** The processes that have a configuration. */
export const componentNames = ['up', 'cloud', 'proxy', 'connector', 'transparent-proxy'] as const

export type ComponentName = (typeof componentNames)[number]
