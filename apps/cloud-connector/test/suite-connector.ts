import { after, before } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { type RunningConnector, startConnector } from './running-connector.ts'

/** A connector that is there for the tests of the suite in which it is made, paired with nothing. */
export interface SuiteConnector extends RunningConnector {
  readonly folder: string
  /** Ends it and starts it again on what it left; `meanwhile` finds its files with nobody at them. */
  restart(meanwhile?: () => void): Promise<void>
}

export function suiteConnector(): SuiteConnector {
  const folder = temporaryFolder()
  let running: RunningConnector
  const start = async (): Promise<void> => {
    running = await startConnector(folder.path)
  }
  const close = () => running.close()
  before(start)
  after(async () => {
    await close()
    folder[Symbol.dispose]()
  })
  return {
    folder: folder.path,
    get app() {
      return running.app
    },
    call: (method, path, call) => running.call(method, path, call),
    close,
    async restart(meanwhile = () => {}) {
      await close()
      meanwhile()
      await start()
    },
  }
}
