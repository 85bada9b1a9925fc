// What applications import.
export type { App } from './app/app.ts'
export type { AppOptions } from './app/app-options.ts'
export { createApp } from './app/create-app.ts'
export { createWorker } from './app/create-worker.ts'
export type { Schedules } from './app/schedules.ts'
export type { Adapter } from './contracts/adapter.ts'
export type { Backend } from './contracts/backend.ts'
export type { Broker, Priority, QueueCounts } from './contracts/broker.ts'
export type { Logger } from './contracts/logger.ts'
export type { KeptPayload, PayloadName, PayloadStore } from './contracts/payload-store.ts'
export type { TaskRecord, TaskState } from './contracts/record.ts'
export type { Clock, Millis } from './contracts/time.ts'
export { BrokerBlocked, BrokerError, BrokerFull } from './errors/broker-error.ts'
export { Reject } from './errors/control.ts'
export {
  LeaseLost,
  ResultTimeout,
  SoftTimeLimitExceeded,
  TaskCrashed,
  type TaskErrorInfo,
  TaskFailure,
  TaskRevoked,
  TimeLimitExceeded,
  WorkerStopping,
} from './errors/task-errors.ts'
export { TqError, type TqErrorCode } from './errors/tq-error.ts'
export type { Middleware } from './middleware/compose.ts'
export type { Sending, Telemetry } from './middleware/telemetry.ts'
export type { RunContext, RunMiddleware, SendContext, SendMiddleware } from './middleware/types.ts'
export type { BulkProgress } from './operator/bulk.ts'
export type { Control } from './operator/control.ts'
export type { History, TaskCensus, TaskFilter, TaskPage } from './operator/history.ts'
export type { Asked, Inspect, QueueInfo, Span } from './operator/inspect.ts'
export type { RateLimitInfo } from './operator/rate-limits.ts'
export type { FailedAttempt, StateChange, TaskDetails, TaskLogLine } from './operator/task-details.ts'
export type { TaskSummary } from './operator/task-summary.ts'
export type { Acting } from './operator/trail.ts'
export type { Duration } from './options/duration.ts'
export type { Size } from './options/size.ts'
export { type AppInternals, appBrand, type BeatModule, findApp } from './runtime/app-brand.ts'
export type { AuditEntry } from './runtime/audit.ts'
export type { DeadLetter, DeadLetters } from './runtime/dead-letters.ts'
export type { FedEvent } from './runtime/event-feed.ts'
export type { TaskEvent, TaskEvents } from './runtime/events.ts'
export type { HistoryOptions } from './runtime/history-settings.ts'
export type { WorkerAnswer } from './runtime/mailbox.ts'
export type { PausedQueue } from './runtime/paused-queues.ts'
export type { PayloadOptions } from './runtime/payload-settings.ts'
export type { AppSettings, Route } from './runtime/settings.ts'
export type { CountsAt, TaskCounts } from './runtime/task-counts.ts'
export type {
  DefinedRate,
  ProcessHealth,
  WorkerInfo,
  WorkerRates,
  WorkerTask,
} from './runtime/worker-list.ts'
export type { Beat, BeatHost, BeatOptions, BeatServices, Calendar } from './schedule/beat-module.ts'
export { type CrontabField, type CrontabFields, crontab } from './schedule/crontab.ts'
export {
  type Kept,
  type ScheduleDefinition,
  type ScheduleEntry,
  type ScheduleProgress,
  type SentTick,
  type StoredSchedule,
  tickId,
} from './schedule/schedule.ts'
export { declareEveryMs, type ScheduleBook } from './schedule/schedule-book.ts'
export type { LastRun, ScheduleInfo } from './schedule/schedule-info.ts'
export type { Missed, Overlap, ScheduleOptions, ScheduleRules } from './schedule/schedule-options.ts'
export { at, every, type Timing } from './schedule/timing.ts'
export { type Codec, jsonCodec } from './task/codec.ts'
export type { TaskContext } from './task/context.ts'
export { type ContractOptions, defineTask, type TaskContract } from './task/define-task.ts'
export type { FlowOutline } from './task/flow.ts'
export type { JsonCheck, JsonProblem } from './task/json-types.ts'
export { type InputOf, type OutputOf, type Schema, type } from './task/schema.ts'
export type {
  AnySignature,
  Completed,
  ErrorCallback,
  FailedStep,
  GivesOf,
  Missing,
  Nothing,
  PlannedSignature,
  Settled,
  Signature,
  SignatureHost,
  SignatureOptions,
  TakesOf,
  WholeSignature,
  WorkflowProgress,
  WorkflowResult,
} from './task/signature.ts'
export type {
  AsyncResult,
  ResultOf,
  SendOptions,
  Task,
  TaskDefinition,
  TaskHost,
  TaskInfo,
} from './task/task.ts'
export type {
  BackoffOptions,
  CheckedTaskOptions,
  InputArguments,
  NoInput,
  ResultExpires,
  RetryOptions,
  TaskOptions,
  TaskSettings,
} from './task/task-options.ts'
export type { TaskPolicy } from './task/task-policy.ts'
export type { StopReport, Worker } from './worker/worker.ts'
export type { WorkerOptions } from './worker/worker-options.ts'
export { chain, chord, type FittingSteps, type GroupOptions, group } from './workflow/canvas.ts'
