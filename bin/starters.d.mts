export const startersVariable: string

export interface Ancestor {
  /** Path of the program, as `/proc/<pid>/exe` has it. */
  readonly program: string
  readonly parent: number
}

export function startersOf(
  environment: NodeJS.ProcessEnv,
  manifest: string,
  parent: number,
  look?: (pid: number) => Ancestor | undefined,
): number[]
