import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Adapter, Backend, Broker } from '@tq/core'
import { memory } from '@tq/core/testing'
import { dynamodb } from '@tq/dynamodb'
import { postgres } from '@tq/postgres'
import { rabbitmq } from '@tq/rabbitmq'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'
import { inject } from 'vitest'
import { sqsUrl } from '../../packages/sqs/test/services/test-sqs.ts'

/** A broker with its backend, as an application would name them. */
export interface Pair {
  readonly name: string
  readonly hasBackend: boolean
  /** Tried in the full tier only, and no column of the feature matrix. */
  readonly fullTier?: true
  /** Delays may be longer by so much: the broker's `timeResolutionMs`, where that is a second. Default 0. */
  readonly resolutionMs?: number
  /** Its priorities are queues that are asked apart: one that answers late is overtaken by one message of another. */
  readonly polled?: boolean
  /**
   * The broker does all that SQS may do, and often: hands messages out twice, in any order, and refuses calls. A task runs
   * at least once then; its end counts once where there is a backend, and may come twice where there is none.
   */
  readonly unruly?: boolean
  /** With a hundred thousand tasks at once it is emulators that are tried here: a tenth will do. */
  readonly emulated?: boolean
  /** Why it cannot be tried here. */
  readonly missing?: string
  /** Connections for one test, on services that are empty. Several apps may be made with them. */
  open(): OpenPair
}

export interface OpenPair {
  readonly options: {
    readonly broker: string | Broker
    readonly backend?: string | Backend | false
    readonly adapters: readonly Adapter[]
    readonly namespace?: string
  }
  close(): void
}

const inFolder = (urls: (folder: string) => OpenPair['options']): (() => OpenPair) => {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'tq-feature-'))
    return { options: urls(folder), close: () => rmSync(folder, { recursive: true, force: true }) }
  }
}

const freshNamespace = (): string => randomUUID().replaceAll('-', '')

/** Found or started once for all tests: see redis-service.ts. */
const { url: redisUrl, missing: redisMissing } = inject('redis')
const needsRedis = redisMissing === undefined ? {} : { missing: redisMissing }

/** The same with rabbitmq-service.ts. */
const { url: rabbitUrl, missing: rabbitMissing } = inject('rabbitmq')
const needsRabbit = rabbitMissing === undefined ? {} : { missing: rabbitMissing }

/** Found or started once for all tests: see sqs-service.ts. */
const { endpoint: sqsEndpoint, missing: sqsMissing, unruly, slow } = inject('sqs')
const sqsBroker = sqsUrl(sqsEndpoint)
const onSqs = {
  resolutionMs: 1_000,
  polled: true,
  unruly,
  emulated: slow,
  ...(sqsMissing === undefined ? {} : { missing: sqsMissing }),
}
const { url: postgresUrl, missing: postgresMissing } = inject('postgres')
const needsPostgres = postgresMissing === undefined ? {} : { missing: postgresMissing }

const { url: dynamodbUrl } = inject('dynamodb')

/** What the ordinary tests run, and the feature matrix shows: each broker and each backend, with its nearest partners. */
const ordinary: readonly Pair[] = [
  {
    name: 'memory',
    hasBackend: true,
    open: () => ({ options: { broker: 'memory:', adapters: [memory()] }, close: () => {} }),
  },
  {
    // Two stores: what finishes is stored, published and acknowledged in steps.
    name: 'memory × sqlite',
    hasBackend: true,
    open: inFolder((folder) => ({
      broker: 'memory:',
      backend: `sqlite:${folder}/backend.db`,
      adapters: [memory(), sqlite()],
    })),
  },
  {
    name: 'memory × postgres',
    hasBackend: true,
    ...needsPostgres,
    open: () => ({
      options: {
        broker: 'memory:',
        backend: postgresUrl,
        adapters: [memory(), postgres()],
        namespace: freshNamespace(),
      },
      close: () => {},
    }),
  },
  {
    name: 'memory × dynamodb',
    hasBackend: true,
    open: () => ({
      options: {
        broker: 'memory:',
        backend: dynamodbUrl,
        adapters: [memory(), dynamodb()],
        namespace: freshNamespace(),
      },
      close: () => {},
    }),
  },
  {
    name: 'memory, no backend',
    hasBackend: false,
    open: () => ({ options: { broker: 'memory:', backend: false, adapters: [memory()] }, close: () => {} }),
  },
  {
    name: 'sqlite',
    hasBackend: true,
    open: inFolder((folder) => ({ broker: `sqlite:${folder}/queue.db`, adapters: [sqlite()] })),
  },
  {
    name: 'redis',
    hasBackend: true,
    ...needsRedis,
    open: () => ({
      options: { broker: redisUrl, adapters: [redis()], namespace: freshNamespace() },
      close: () => {},
    }),
  },
  {
    name: 'redis × sqlite',
    hasBackend: true,
    ...needsRedis,
    open: inFolder((folder) => ({
      broker: redisUrl,
      backend: `sqlite:${folder}/backend.db`,
      adapters: [redis(), sqlite()],
      namespace: freshNamespace(),
    })),
  },
  {
    name: 'rabbitmq × sqlite',
    hasBackend: true,
    ...needsRabbit,
    open: inFolder((folder) => ({
      broker: rabbitUrl,
      backend: `sqlite:${folder}/backend.db`,
      adapters: [rabbitmq(), sqlite()],
      namespace: freshNamespace(),
    })),
  },
  {
    name: 'rabbitmq × redis',
    hasBackend: true,
    ...needsRedis,
    ...needsRabbit,
    open: () => ({
      options: {
        broker: rabbitUrl,
        backend: redisUrl,
        adapters: [rabbitmq(), redis()],
        namespace: freshNamespace(),
      },
      close: () => {},
    }),
  },
  {
    name: 'rabbitmq, no backend',
    hasBackend: false,
    ...needsRabbit,
    open: () => ({
      options: { broker: rabbitUrl, backend: false, adapters: [rabbitmq()], namespace: freshNamespace() },
      close: () => {},
    }),
  },
  {
    name: 'sqs × sqlite',
    hasBackend: true,
    ...onSqs,
    open: inFolder((folder) => ({
      broker: sqsBroker,
      backend: `sqlite:${folder}/backend.db`,
      adapters: [sqs(), sqlite()],
      namespace: freshNamespace(),
    })),
  },
  {
    name: 'sqs, no backend',
    hasBackend: false,
    ...onSqs,
    open: () => ({
      options: { broker: sqsBroker, backend: false, adapters: [sqs()], namespace: freshNamespace() },
      close: () => {},
    }),
  },
  {
    name: 'redis × postgres',
    hasBackend: true,
    ...(redisMissing === undefined ? needsPostgres : needsRedis),
    open: () => ({
      options: {
        broker: redisUrl,
        backend: postgresUrl,
        adapters: [redis(), postgres()],
        namespace: freshNamespace(),
      },
      close: () => {},
    }),
  },
]

/** More of what users combine. The way through two stores is one and the same, so these are tried in the full tier only. */
const combined: readonly Pair[] = [
  {
    name: 'rabbitmq × postgres',
    hasBackend: true,
    fullTier: true,
    ...(rabbitMissing === undefined ? needsPostgres : needsRabbit),
    open: () => ({
      options: {
        broker: rabbitUrl,
        backend: postgresUrl,
        adapters: [rabbitmq(), postgres()],
        namespace: freshNamespace(),
      },
      close: () => {},
    }),
  },
  {
    name: 'sqs × postgres',
    hasBackend: true,
    fullTier: true,
    ...needsPostgres,
    ...onSqs,
    open: () => ({
      options: {
        broker: sqsBroker,
        backend: postgresUrl,
        adapters: [sqs(), postgres()],
        namespace: freshNamespace(),
      },
      close: () => {},
    }),
  },
  {
    name: 'sqs × dynamodb',
    hasBackend: true,
    fullTier: true,
    ...onSqs,
    emulated: true,
    open: () => ({
      options: {
        broker: sqsBroker,
        backend: dynamodbUrl,
        adapters: [sqs(), dynamodb()],
        namespace: freshNamespace(),
      },
      close: () => {},
    }),
  },
]

const tried = process.env['TQ_TEST_TIER'] === 'full' ? [...ordinary, ...combined] : ordinary

/** Every broker × backend that is tried. A feature is done when it passes on all of them. `TQ_TEST_PAIRS=sqs`: those alone. */
export const pairs: readonly Pair[] = tried.filter(({ name }) =>
  name.includes(process.env['TQ_TEST_PAIRS'] ?? ''),
)
