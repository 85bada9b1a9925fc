import type { Adapter } from '@tq/core'
import { rabbitmq } from '@tq/rabbitmq'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'

/** What the worker processes of the fault tests may be told to work on. */
export const faultAdapters: readonly Adapter[] = [sqlite(), redis(), rabbitmq(), sqs()]
