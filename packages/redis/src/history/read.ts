import type { HistoryFilter, Millis, TaskRecord, TaskState } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { idAt } from '../places.ts'
import { states, unpackRecord } from '../record-codec.ts'
import { script } from '../script.ts'
import { luaNow } from '../scripts/parts.ts'

/** The server serves nobody else during a script: it looks at no more than so many records in one. */
const mostRecords = 4_000
export const mostBuckets = 500

/**
 * Looks through buckets for records that can be read and fit.
 *
 * KEYS both hashes of each bucket
 * ARGV[1] 'l' to list or 'c' to count, ARGV[2] the numbers of the states, ARGV[3] name or '', ARGV[4] queue or '',
 *   ARGV[5] how many records to look at, ARGV[6] how long ago they must have been stored
 *
 * Answers how many buckets were looked at, then, for a list: number of the bucket, field, record, …; else six counts.
 */
const look = script(
  'history-look',
  `${luaNow}
local list, name, queue, most = ARGV[1] == 'l', ARGV[3], ARGV[4], tonumber(ARGV[5])
local latest = now - tonumber(ARGV[6])
local wanted, open, ended = {}, false, false
for digit in ARGV[2]:gmatch('%d') do
  local state = tonumber(digit)
  wanted[state] = true
  if state > 2 then ended = true else open = true end
end
local answer = list and { 0 } or { 0, 0, 0, 0, 0, 0, 0 }
local looked = 0
local function fits(value, brief)
  if name == '' and queue == '' then return true end
  local at, ownName, ownQueue
  if brief then
    local length = value:byte(16)
    ownName, ownQueue = value:sub(17, 16 + length), value:sub(17 + length, -7)
  else
    at = 37 + value:byte(28)
    local length = struct.unpack('<I2', value, at)
    ownName = value:sub(at + 2, at + 1 + length)
    at = at + 2 + length
    length = struct.unpack('<I2', value, at)
    ownQueue = value:sub(at + 2, at + 1 + length)
  end
  return (name == '' or name == ownName) and (queue == '' or queue == ownQueue)
end
local function through(bucket, key)
  local found = redis.call('HGETALL', key)
  for i = 1, #found, 2 do
    local value = found[i + 1]
    local first = value:byte(1)
    local brief = first == 112
    local state = brief and 0 or first
    if wanted[state] then
      local ttl = struct.unpack('<I6', value, brief and 10 or 16)
      local stored = struct.unpack('<I6', value, #value - 5)
      if stored + ttl > now and stored <= latest and fits(value, brief) then
        if list then
          answer[#answer + 1] = bucket
          answer[#answer + 1] = found[i]
          answer[#answer + 1] = value
        else
          answer[2 + state] = answer[2 + state] + 1
        end
      end
    end
  end
  looked = looked + #found / 2
end
for bucket = 1, #KEYS / 2 do
  if looked >= most then break end
  if open then through(bucket, KEYS[2 * bucket - 1]) end
  if ended then through(bucket, KEYS[2 * bucket]) end
  answer[1] = bucket
end
return answer
`,
)

/** What was found in the first of the buckets that were asked about. */
export interface Looked {
  /** How many of them were looked at. */
  readonly buckets: number
  /** By bucket, unordered within each. */
  readonly records: readonly (readonly TaskRecord[])[]
}

/**
 * Records of these buckets that fit, but for the beginning of their id.
 *
 * @param leastAgeMs only those that were stored so long ago
 */
export async function recordsIn(
  connection: Connection,
  buckets: readonly string[],
  filter: HistoryFilter,
  leastAgeMs: Millis = 0,
): Promise<Looked> {
  const parts = await lookThrough(connection, buckets, 'l', filter, leastAgeMs)
  const records: TaskRecord[][] = []
  let count = 0
  for (const { first, answer } of parts) {
    const [looked = 0, ...found] = answer as [number, ...(number | Buffer)[]]
    for (let at = 0; at < found.length; at += 3) {
      const place = first + (found[at] as number) - 1
      const id = idAt({ bucket: buckets[place] as string, field: String(found[at + 1]) })
      const own = records[place] ?? []
      records[place] = own
      own.push(unpackRecord(id, found[at + 2] as Buffer))
    }
    count += looked
  }
  return { buckets: count, records: Array.from({ length: count }, (_, place) => records[place] ?? []) }
}

/** How many records of these buckets fit, by state; and how many buckets were looked at. */
export async function countsIn(
  connection: Connection,
  buckets: readonly string[],
  filter: HistoryFilter,
): Promise<{ readonly buckets: number; readonly counts: readonly number[] }> {
  const counts = states.map(() => 0)
  let looked = 0
  for (const { answer } of await lookThrough(connection, buckets, 'c', filter, 0)) {
    const [count = 0, ...each] = answer as readonly number[]
    looked += count
    for (const [state, more] of each.entries()) counts[state] = (counts[state] ?? 0) + more
  }
  return { buckets: looked, counts }
}

interface Part {
  /** Place of its first bucket in the list. */
  readonly first: number
  readonly answer: unknown
}

/** On a Cluster each bucket is asked for itself. */
function lookThrough(
  connection: Connection,
  buckets: readonly string[],
  how: 'l' | 'c',
  { states: wanted, name = '', queue = '' }: HistoryFilter,
  leastAgeMs: Millis,
): Promise<readonly Part[]> {
  const numbers = numbersOf(wanted)
  const size = connection.isCluster ? 1 : mostBuckets
  const running: Promise<Part>[] = []
  // More than one only on a Cluster, where each is looked through to its end.
  for (let first = 0; first < buckets.length; first += size) {
    const hashes = buckets
      .slice(first, first + size)
      .flatMap((bucket) => Object.values(connection.keys.bucket(bucket)))
    running.push(
      connection
        .run(look, hashes, [how, numbers, name, queue, mostRecords, leastAgeMs])
        .then((answer) => ({ first, answer })),
    )
  }
  return Promise.all(running)
}

function numbersOf(wanted: readonly TaskState[] = states): string {
  return wanted.map((state) => states.indexOf(state)).join('')
}
