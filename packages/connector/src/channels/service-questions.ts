import { randomUUID } from 'node:crypto'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { ControlMessage } from '@landbridge/tunnel'

/** A service on the cloud side that a channel could lead to. */
export interface AvailableService {
  readonly serviceId: string
  readonly name: string
}

const answerMs = 4_000
/** Each proxy answers for itself, in parts: whoever has answered is not the last one yet. */
const graceMs = 500
const maxServices = 10_000

interface Question {
  readonly found: Map<string, AvailableService>
  readonly done: (failure?: PlatformError) => void
  cancel: () => void
}

/** Questions to the cloud side which services there are, on their way over one control session. */
export class ServiceQuestions {
  readonly #clock: Clock
  readonly #questions: Map<string, Question>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#questions = new Map()
  }

  /** @throws PlatformError CHANNEL_NO_ANSWER or CHANNEL_CLOUD_AWAY */
  ask(kind: string, send: (message: ControlMessage) => void): Promise<readonly AvailableService[]> {
    const request = randomUUID()
    return new Promise((resolve, reject) => {
      const question: Question = {
        found: new Map(),
        done: (failure) => {
          question.cancel()
          this.#questions.delete(request)
          if (failure === undefined) resolve([...question.found.values()])
          else reject(failure)
        },
        cancel: this.#clock.after(answerMs, () => question.done(new PlatformError('CHANNEL_NO_ANSWER'))),
      }
      this.#questions.set(request, question)
      send({ type: 'list-services', request, kind })
    })
  }

  answered({ request, services }: ControlMessage): void {
    const question = this.#questions.get(String(request))
    if (question === undefined || !Array.isArray(services)) return
    for (const one of services as readonly unknown[])
      if (isService(one) && question.found.size < maxServices) question.found.set(one.serviceId, one)
    question.cancel()
    question.cancel = this.#clock.after(graceMs, () => question.done())
  }

  lost(): void {
    for (const question of [...this.#questions.values()]) question.done(new PlatformError('CHANNEL_CLOUD_AWAY'))
  }
}

function isService(value: unknown): value is AvailableService {
  if (typeof value !== 'object' || value === null) return false
  const { serviceId, name } = value as Partial<Record<keyof AvailableService, unknown>>
  return typeof serviceId === 'string' && typeof name === 'string'
}
