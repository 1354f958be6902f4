export function groupFiles(files: readonly string[]): string[][]
