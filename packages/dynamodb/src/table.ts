import {
  CreateTableCommand,
  DescribeTableCommand,
  type TableDescription,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import type { Millis } from '@tq/core/driver'
import { nameOf } from './classify.ts'
import type { Connection } from './connection.ts'
import { TableError } from './errors.ts'
import { listIndexes } from './listing.ts'

/** Local index of parked items by when they are seen: the only one that is strongly consistent. */
export const dueIndex = 'due'
/** Seconds since 1970: DynamoDB removes the item some time after. */
const ttlAttribute = 'ttl'

const patienceMs: Millis = 60_000
const lookEveryMs: Millis = 250

/** Finds the table fit for us, or makes it. */
export async function checkTable(connection: Connection): Promise<void> {
  const { createTable, table } = connection.options
  const found = await describe(connection)
  if (!found && !createTable) {
    throw new TableError(`there is no table '${table}': create it as documented, or say createTable=true`)
  }
  if (!found) await create(connection)
  const startedAt = connection.clock.monotonic()
  for (;;) {
    const described = await describe(connection)
    if (described?.TableStatus === 'ACTIVE' || described?.TableStatus === 'UPDATING') {
      checkSchema(described, table)
      connection.lists = hasList(described, table)
      break
    }
    if (connection.clock.monotonic() - startedAt > patienceMs) {
      throw new TableError(`the table '${table}' is ${described?.TableStatus ?? 'not there'} for too long`)
    }
    await connection.sleep(lookEveryMs)
  }
  if (!found) await expire(connection)
}

async function describe(connection: Connection): Promise<TableDescription | undefined> {
  const command = () => new DescribeTableCommand({ TableName: connection.options.table })
  try {
    return (await connection.send(command)).Table
  } catch (error) {
    if (error instanceof Error && nameOf(error) === 'ResourceNotFoundException') return undefined
    throw error
  }
}

async function create(connection: Connection): Promise<void> {
  const command = () =>
    new CreateTableCommand({
      TableName: connection.options.table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: 'due', AttributeType: 'N' },
        { AttributeName: 'seen', AttributeType: 'S' },
        ...listIndexes.map(({ partition }) => ({ AttributeName: partition, AttributeType: 'S' as const })),
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: dueIndex,
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'due', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      GlobalSecondaryIndexes: listIndexes.map(({ name, partition }) => ({
        IndexName: name,
        KeySchema: [
          { AttributeName: partition, KeyType: 'HASH' },
          { AttributeName: 'seen', KeyType: 'RANGE' },
        ],
        // What does not change: no state.
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name', 'queue'] },
      })),
    })
  await tolerating(() => connection.send(command), 'ResourceInUseException')
}

async function expire(connection: Connection): Promise<void> {
  const command = () =>
    new UpdateTimeToLiveCommand({
      TableName: connection.options.table,
      TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
    })
  // Another process turned it on, or an emulator keeps everything: what has expired is not seen in any case.
  await tolerating(() => connection.send(command), 'ValidationException', 'UnknownOperationException')
}

async function tolerating(run: () => Promise<unknown>, ...names: readonly string[]): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof Error && names.includes(nameOf(error)))) throw error
  }
}

function checkSchema({ KeySchema, LocalSecondaryIndexes }: TableDescription, table: string): void {
  const keys = (KeySchema ?? []).map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`)
  const index = LocalSecondaryIndexes?.find(({ IndexName }) => IndexName === dueIndex)
  const indexed = (index?.KeySchema ?? []).map(({ AttributeName }) => AttributeName)
  if (keys.sort().join() !== 'pk HASH,sk RANGE' || indexed.join() !== 'pk,due') {
    throw new TableError(
      `the table '${table}' has not the keys, or the local index '${dueIndex}', that tq needs`,
    )
  }
}

/** Records are listed where there are the indexes for it; where they are being made, they are from the next start on. */
function hasList({ GlobalSecondaryIndexes = [] }: TableDescription, table: string): boolean {
  const found = listIndexes.map(({ name }) =>
    GlobalSecondaryIndexes.find(({ IndexName }) => IndexName === name),
  )
  for (const [at, { name, partition }] of listIndexes.entries()) {
    const keys = found[at]?.KeySchema?.map(({ AttributeName }) => AttributeName)
    if (keys === undefined || keys.join() === `${partition},seen`) continue
    throw new TableError(`the index '${name}' of the table '${table}' has not the keys that tq needs`)
  }
  return found.every((index) => index && (index.IndexStatus ?? 'ACTIVE') === 'ACTIVE')
}
