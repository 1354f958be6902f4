import { setTimeout as wait } from 'node:timers/promises'
import { type AbapFunction, type AbapParameter, done } from './abap-system.ts'
import { functionRowBytes, functionRows } from './function-interface.ts'

const importOf = (name: string, length = 255): AbapParameter => ({ kind: 'I', name, length })
const exportOf = (name: string, length = 255): AbapParameter => ({ kind: 'E', name, length })

/** The function modules of the emulated system: those that clients need, and some that test how a call may end. */
export function demoFunctions(systemId: string): Record<string, AbapFunction> {
  const functions: Record<string, AbapFunction> = {
    RFCPING: { parameters: [], run: () => done },
    RFC_PING: { parameters: [], run: () => done },
    SYSTEM_RESET_RFC_SERVER: {
      parameters: [],
      run({ session }) {
        session.clear()
        return done
      },
    },
    STFC_CONNECTION: {
      parameters: [importOf('REQUTEXT'), exportOf('ECHOTEXT'), exportOf('RESPTEXT')],
      run: (call) => ({
        kind: 'done',
        exports: {
          ECHOTEXT: call.text('REQUTEXT'),
          RESPTEXT: `Emulated ABAP system. Sysid: ${systemId}  Client: ${call.client}  User: ${call.user}`,
        },
      }),
    },
    RFC_SYSTEM_INFO: {
      parameters: [exportOf('CURRENT_RESOURCES', 10)],
      run: () => ({ kind: 'done', exports: { CURRENT_RESOURCES: systemId } }),
    },
    Z_RAISE: { parameters: [], run: () => ({ kind: 'exception', key: 'NOT_POSSIBLE' }) },
    Z_CLOSE: { parameters: [], run: () => ({ kind: 'close' }) },
    Z_SLEEP: {
      parameters: [importOf('MILLISECONDS', 10)],
      async run(call) {
        await wait(Math.min(Number(call.text('MILLISECONDS')) || 0, 60_000), undefined, { signal: call.signal })
        return done
      },
    },
    /** Counts in the session: stateful callers see it grow, others do not. */
    Z_COUNT: {
      parameters: [exportOf('COUNT', 10)],
      run({ session }) {
        const count = String(Number(session.get('count') ?? '0') + 1)
        session.set('count', count)
        return { kind: 'done', exports: { COUNT: count } }
      },
    },
    /** As many bytes as wanted, to see long replies. */
    Z_FILL: {
      parameters: [importOf('BYTES', 10), { kind: 'T', name: 'LINES', length: 500 }],
      run(call) {
        const rows = Math.ceil((Number(call.text('BYTES')) || 0) / 1_000)
        const row = Buffer.alloc(1_000, 'x\0', 'latin1')
        return { kind: 'done', tables: { LINES: { rowBytes: 1_000, rows: new Array<Buffer>(rows).fill(row) } } }
      },
    },
    /** Takes a table of any size. */
    Z_TAKE: { parameters: [{ kind: 'T', name: 'LINES', length: 500 }], run: () => done },
  }
  functions.RFC_GET_FUNCTION_INTERFACE = {
    parameters: [importOf('FUNCNAME', 30), { kind: 'T', name: 'PARAMS', length: functionRowBytes / 2 }],
    run(call) {
      const wanted = functions[call.text('FUNCNAME').trim()]
      if (wanted === undefined) return { kind: 'exception', key: 'FU_NOT_FOUND' }
      return {
        kind: 'done',
        exports: { REMOTE_BASXML_SUPPORTED: ' ', REMOTE_CALL: 'R', UPDATE_TASK: ' ' },
        tables: {
          PARAMS: {
            rowBytes: functionRowBytes,
            rows: functionRows(wanted.parameters, call.text('NONE_UNICODE_LENGTH') === 'X' ? 1 : 2),
          },
          RESUMABLE_EXCEPTIONS: { rowBytes: 60, rows: [] },
        },
      }
    },
  }
  return functions
}
