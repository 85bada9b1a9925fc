import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Adapter, Backend, Broker } from '@tq/core'
import { memory } from '@tq/core/testing'
import { dynamodb } from '@tq/dynamodb'
import { postgres } from '@tq/postgres'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { inject } from 'vitest'

/** A broker with its backend, as an application would name them. */
export interface Pair {
  readonly name: string
  readonly hasBackend: boolean
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

const { url: postgresUrl, missing: postgresMissing } = inject('postgres')
const needsPostgres = postgresMissing === undefined ? {} : { missing: postgresMissing }

const { url: dynamodbUrl } = inject('dynamodb')

/** Every broker × backend in the tree. A feature is done when it passes on all of them. */
export const pairs: readonly Pair[] = [
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
