/** `closed` lets calls through, `open` refuses them, `half-open` lets one through to find out. */
export type CircuitPhase = 'closed' | 'open' | 'half-open'

export type CircuitEvent = 'limitReached' | 'waited' | 'probeSucceeded' | 'probeFailed'

export const nextCircuitPhase: Readonly<Record<CircuitPhase, Partial<Record<CircuitEvent, CircuitPhase>>>> = {
  closed: { limitReached: 'open' },
  open: { waited: 'half-open' },
  'half-open': { probeSucceeded: 'closed', probeFailed: 'open' },
}

/** The phase behind the event. An illegal pair is a mistake of the caller: TypeError. */
export function advanceCircuit(phase: CircuitPhase, event: CircuitEvent): CircuitPhase {
  const next = nextCircuitPhase[phase][event]
  if (next === undefined) throw new TypeError(`A circuit that is ${phase} cannot take ${event}`)
  return next
}
