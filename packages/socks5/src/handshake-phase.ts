/** Where the server side of a handshake stands. `deciding` and `connecting` wait for the caller, not for bytes. */
export type Phase = 'greeting' | 'authentication' | 'deciding' | 'request' | 'connecting' | 'established' | 'failed'

export type PhaseEvent = 'methodToken' | 'methodNone' | 'credentials' | 'accepted' | 'target' | 'connected' | 'refused'

export const nextPhase: Readonly<Record<Phase, Partial<Record<PhaseEvent, Phase>>>> = {
  greeting: { methodToken: 'authentication', methodNone: 'request', refused: 'failed' },
  authentication: { credentials: 'deciding', refused: 'failed' },
  deciding: { accepted: 'request', refused: 'failed' },
  request: { target: 'connecting', refused: 'failed' },
  connecting: { connected: 'established', refused: 'failed' },
  established: {},
  failed: {},
}

/** The phase behind the event. An illegal pair is a mistake of the caller: TypeError. */
export function advance(phase: Phase, event: PhaseEvent): Phase {
  const next = nextPhase[phase][event]
  if (next === undefined) throw new TypeError(`A SOCKS5 handshake in phase ${phase} cannot take ${event}`)
  return next
}
