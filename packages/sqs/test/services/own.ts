import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Faults } from './own/faults.ts'
import type { ToService } from './own/main.ts'
import type { Calls } from './own/server.ts'
import type { TestSqs } from './test-sqs.ts'

/** Our own endpoint, which can be told to misbehave and counts what it is asked. */
export interface OwnSqs extends TestSqs {
  restart(): Promise<void>
  setFaults(faults: Partial<Faults>): Promise<void>
  calls(): Promise<Calls>
}

export async function startOwnSqs(faults: Partial<Faults> = {}): Promise<OwnSqs> {
  const service = fork(new URL('./own/main.ts', import.meta.url)).setMaxListeners(0)
  const port = await answer<number>(service, 0)
  let last = 0
  const ask = async <T>(message: Omit<ToService, 'id'>): Promise<T> => {
    const id = ++last
    const answered = answer<T>(service, id)
    service.send({ id, ...message })
    return await answered
  }
  const own: OwnSqs = {
    endpoint: `http://127.0.0.1:${port}`,
    setFaults: async (changed) => {
      await ask({ faults: changed })
    },
    calls: () => ask<Calls>({ ask: 'calls' }),
    restart: async () => {
      await ask({ ask: 'restart' })
    },
    stop: async () => {
      const exited = once(service, 'exit')
      service.kill()
      await exited
    },
  }
  await own.setFaults(faults)
  return own
}

function answer<T>(service: ChildProcess, id: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the SQS endpoint ended with ${code}`))
    const heard = (message: { readonly id: number; readonly answer: T }) => {
      if (message.id !== id) return
      service.off('message', heard)
      service.off('exit', ended)
      resolve(message.answer)
    }
    service.on('message', heard)
    service.once('exit', ended)
  })
}
