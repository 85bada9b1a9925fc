import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PayloadHarness } from '@tq/conformance'
import { systemClock } from '@tq/core/driver'
import { adapter } from '../src/index.ts'
import { startS3, type TestS3 } from './services/s3.ts'

/** Any credentials will do for an emulator. */
export const urlOf = ({ endpoint, bucket }: TestS3): string =>
  `s3://key:secret@${bucket}/some/prefix?region=eu-central-1&endpoint=${encodeURIComponent(endpoint)}`

/** On an emulator that is started with the first instance. */
export function payloadHarness(name = 's3', start = startS3): PayloadHarness {
  let starting: Promise<TestS3> | undefined
  return {
    name,
    key: () => `key-${randomUUID()}`,
    sleep: async (ms) => {
      await sleep(ms)
    },
    create: async () => {
      starting ??= start()
      const store = adapter.createPayloadStore?.(urlOf(await starting), {
        namespace: 'test',
        clock: systemClock,
      })
      if (!store) throw new Error('the adapter makes no payload store')
      return store
    },
    dispose: async () => {
      await (await starting)?.stop()
    },
  }
}
