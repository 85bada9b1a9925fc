// What authors of drivers import: the contracts, the few helpers every driver needs, and the rules that options follow.
export type { Adapter, AdapterContext } from './contracts/adapter.ts'
export type {
  Backend,
  BackendCapabilities,
  ClaimOutcome,
  ClaimRequest,
  CollectionPage,
  DueItem,
  HistoryCounts,
  HistoryFilter,
  HistoryPage,
  JoinProgress,
  JoinReport,
  ParkedItem,
  ResultBackend,
  StateStore,
  TaskHistory,
  Unwatch,
  Versioned,
} from './contracts/backend.ts'
export type {
  Broker,
  BrokerCapabilities,
  BrokerErrorCode,
  CommitItem,
  Delivery,
  InboundMessage,
  KeeperSpec,
  Lease,
  LeaseKeeper,
  MessageChange,
  OutboundMessage,
  Priority,
  PublishOutcome,
  QueueAdmin,
  QueueCounts,
  QueueSpec,
  Receiver,
  RoutedMessage,
  Settlement,
} from './contracts/broker.ts'
export type { KeptPayload, PayloadName, PayloadStore } from './contracts/payload-store.ts'
export type { TaskRecord, TaskState } from './contracts/record.ts'
export { isTerminal, terminalStates } from './contracts/record.ts'
export type { Clock, Millis } from './contracts/time.ts'
export { classifySocketError } from './errors/socket-error.ts'
export { TqError, type TqErrorCode } from './errors/tq-error.ts'
export { type Duration, parseDuration } from './options/duration.ts'
export { checkKnown } from './options/known.ts'
export { checkNamespace, checkQueueName, checkTaskId, deadQueueOf } from './options/names.ts'
export { accessKeys, decodedPart, invalidUrl } from './options/service-url.ts'
export { inTurns } from './util/in-turns.ts'
export { sleep } from './util/sleep.ts'
export { systemClock } from './util/system-clock.ts'
