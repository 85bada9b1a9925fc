import type { BrokerErrorCode } from '../contracts/broker.ts'
import { TqError, type TqErrorCode } from './tq-error.ts'

const codes: Record<BrokerErrorCode, TqErrorCode> = {
  connection: 'BROKER_UNREACHABLE',
  closed: 'APP_CLOSED',
  'queue-missing': 'BROKER_MISCONFIGURED',
  limit: 'PAYLOAD_TOO_LARGE',
  permission: 'BROKER_REFUSED',
  full: 'BROKER_FULL',
  blocked: 'BROKER_BLOCKED',
  config: 'BROKER_MISCONFIGURED',
  unknown: 'BROKER_REFUSED',
}

const advice: Record<BrokerErrorCode, string> = {
  connection: 'check that the service runs and that the URL is right',
  closed: 'the app was closed; create a new one',
  'queue-missing': 'declare the queue, or let the worker create it',
  limit: 'pass an id instead of the data, or raise the service limit',
  permission: 'check user, password and the rights of that user',
  full: 'the service has no room; drain or purge queues, or give it more memory or disk',
  blocked: 'the service refuses messages for now (memory or disk alarm)',
  config: 'the service has other settings than asked for',
  unknown: 'see the cause',
}

/** What a service answered, wrapped once. `code` tells callers what to do; `kind` is the driver's own word. */
export class BrokerError extends TqError {
  override readonly name: string = 'BrokerError'
  readonly kind: BrokerErrorCode

  constructor(kind: BrokerErrorCode, doing: string, service: string, reason: string, cause?: unknown) {
    super(codes[kind], `${service}: ${doing} failed: ${reason} (${advice[kind]}).`, {
      cause,
      details: { service, doing },
    })
    this.kind = kind
  }
}

/** The service refuses messages for now. Nothing was stored; send again later. */
export class BrokerBlocked extends BrokerError {
  override readonly name = 'BrokerBlocked'
}

/** The service has no room. Nothing was stored. */
export class BrokerFull extends BrokerError {
  override readonly name = 'BrokerFull'
}

/** The right class for a driver's code. */
export function brokerError(
  kind: BrokerErrorCode,
  doing: string,
  service: string,
  reason: string,
  cause?: unknown,
): BrokerError {
  const Class = kind === 'blocked' ? BrokerBlocked : kind === 'full' ? BrokerFull : BrokerError
  return new Class(kind, doing, service, reason, cause)
}

/** Whether trying again may help: the fault is the service's state, not the request. */
export function isTransient(kind: BrokerErrorCode): boolean {
  return kind === 'connection' || kind === 'full' || kind === 'blocked'
}
