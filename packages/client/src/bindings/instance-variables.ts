/** A service of which an application needs one instance. */
export type NeededService = 'xsuaa' | 'connectivity' | 'destination'

/** The environment variables that name the instance where several are bound (guide L14797). */
export const instanceVariables: Readonly<Record<NeededService, string>> = {
  xsuaa: 'xsuaa_connectivity_instance_name',
  connectivity: 'connectivity_instance_name',
  destination: 'destination_instance_name',
}

/** Taken without a variable (guide L16289). */
export const usualXsuaaInstance = 'conn-xsuaa'

/** The instances that the environment names. */
export function chosenInstances(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Partial<Record<NeededService, string>>> {
  const chosen: Partial<Record<NeededService, string>> = {}
  for (const service of ['xsuaa', 'connectivity', 'destination'] as const) {
    const name = environment[instanceVariables[service]]
    if (name !== undefined && name !== '') chosen[service] = name
  }
  return chosen
}
