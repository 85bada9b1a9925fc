// The endpoint in a process of its own, so that workers reach it and a blocked test does not block it.
import type { Faults } from './faults.ts'
import { SqsServer } from './server.ts'

/** What whoever started it may ask. */
export type ToService =
  | { readonly id: number; readonly faults: Partial<Faults> }
  | { readonly id: number; readonly ask: 'calls' | 'restart' }

const server = new SqsServer()

process.on('message', async (message: ToService) => {
  const answer = await act(message)
  process.send?.({ id: message.id, answer })
})
// Ends with whoever started it, however that ends.
process.once('disconnect', () => process.exit())
process.send?.({ id: 0, answer: await server.listen() })

async function act(message: ToService): Promise<unknown> {
  if ('faults' in message) return server.setFaults(message.faults)
  if (message.ask === 'calls') return server.calls
  await server.stop()
  return await server.listen()
}
