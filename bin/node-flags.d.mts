export const nodeFlags: readonly string[]
export function nodeFlagsOf(command: string | undefined): readonly string[]
