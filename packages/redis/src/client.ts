import { Cluster, Redis } from 'ioredis'
import type { ConnectionOptions, Target } from './options.ts'

/** What we ask of ioredis, be it one server or a Cluster. */
export type Client = Redis | Cluster

/** No longer than this until the next attempt to reach a server that went away. */
const longestRetryMs = 1_000
/** A server that owes an answer and says nothing for so long is taken for gone. */
const silentMs = 8_000
/** On a Cluster, where a dead socket is not looked for in another way. */
const silentNodeMs = 4_000
const connectMs = 2_000

/** Nothing is repeated behind our back, and nothing waits for a connection: who asks is told at once. */
const ours: ConnectionOptions = {
  lazyConnect: true,
  // It is part of our keys already.
  keyPrefix: '',
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResubscribe: true,
  enableReadyCheck: true,
  // By itself it would wait as long as the server guesses that loading its file takes, up to 10 s.
  maxLoadingRetryTime: 500,
  connectTimeout: connectMs,
  // A socket that is given up has nothing to say.
  disconnectTimeout: 100,
  keepAlive: 10_000,
  noDelay: true,
  // Replies in the older protocol are the same on every server and in every version of the client.
  protocol: 2,
  retryStrategy: (attempt) => retryDelay(attempt),
}

/** How a connection is used. */
export interface Use {
  readonly name: string
  /** It waits on the server for longer than an answer takes. */
  readonly blocks?: boolean
  /** What it is asked may wait until it is connected. */
  readonly queues?: boolean
}

/** A connection that is not open yet. */
export function newClient(target: Target, { name, blocks = false, queues = false }: Use): Client {
  const mine: ConnectionOptions = {
    ...ours,
    connectionName: `${ownName(target)}:${name}`,
    enableOfflineQueue: queues,
    reconnectOnError: leaveReplica(),
    ...(queues ? { maxRetriesPerRequest: null } : {}),
    ...(blocks ? {} : { socketTimeout: target.kind === 'cluster' ? silentNodeMs : silentMs }),
  }
  const client = make(target, mine)
  // Without a listener an error would end the process; what fails is told by the calls themselves.
  client.on('error', () => {})
  if (!client.isCluster) endDeadHandshakes(client as Redis)
  return client
}

/** Makes a new socket in place of one that is taken for dead. On a Cluster the nodes' own time limits do. */
export function replaceSocket(client: Client): void {
  if (!client.isCluster && client.status === 'ready') (client as Redis).disconnect(true)
}

/** A socket that was accepted and then says nothing: whoever took it is not there. */
function endDeadHandshakes(client: Redis): void {
  client.on('connect', () => {
    const { stream } = client
    const timer = setTimeout(() => stream.destroy(), connectMs)
    timer.unref()
    stream.once('data', () => clearTimeout(timer))
    stream.once('close', () => clearTimeout(timer))
  })
}

function ownName(target: Target): string {
  if (target.kind !== 'client') return target.options.connectionName ?? 'tq'
  const { client } = target
  return (client.isCluster ? undefined : (client as Redis).options.connectionName) ?? 'tq'
}

function make(target: Target, mine: ConnectionOptions): Client {
  if (target.kind === 'standalone') return new Redis({ ...target.options, ...mine })
  if (target.kind === 'cluster') {
    return new Cluster([...target.nodes], clusterOptions({ ...target.options, ...mine }))
  }
  const { client } = target
  if (client.isCluster) {
    const cluster = client as Cluster
    return cluster.duplicate(
      [],
      clusterOptions({ ...(cluster.options.redisOptions as ConnectionOptions), ...mine }),
    )
  }
  return (client as Redis).duplicate(mine)
}

function clusterOptions({
  lazyConnect,
  retryStrategy,
  enableOfflineQueue,
  ...redisOptions
}: ConnectionOptions) {
  return {
    redisOptions,
    keyPrefix: '',
    lazyConnect: true,
    enableOfflineQueue: enableOfflineQueue ?? false,
    clusterRetryStrategy: (attempt: number) => retryDelay(attempt),
    retryDelayOnFailover: 100,
    retryDelayOnClusterDown: 100,
    slotsRefreshTimeout: connectMs,
  }
}

/** A replica that was a master until now: connect anew, and find the master. Not again and again while there is none. */
function leaveReplica(): (error: Error) => boolean {
  let last = Number.NEGATIVE_INFINITY
  return (error) => {
    const now = performance.now()
    if (!/\bREADONLY\b/.test(error.message) || now - last < longestRetryMs / 2) return false
    last = now
    return true
  }
}

function retryDelay(attempt: number): number {
  const most = Math.min(longestRetryMs, 25 * 2 ** Math.min(attempt, 6))
  return most * (0.5 + Math.random() * 0.5)
}
