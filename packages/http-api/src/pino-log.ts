import { createLog, type Level, type Log } from '@landbridge/kernel'
import { type DestinationStream, pino } from 'pino'

/** The log of a running process: one JSON line per event, errors with type, message, code, stack and cause. */
export function pinoLog(level: Level, destination?: DestinationStream): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: named } }
  const logger = destination === undefined ? pino(options) : pino(options, destination)
  return createLog((at, event, facts, cause) => {
    logger[at](cause === undefined ? { event, ...facts } : { event, ...facts, err: cause })
  }, level)
}

function named(label: string): object {
  return { level: label }
}
