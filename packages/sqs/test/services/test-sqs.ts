/** An SQS for tests: the one of the environment, or an emulator in a process of its own. */
export interface TestSqs {
  readonly endpoint: string
  /** Restarts it, keeping data and address. Only where data outlive a restart. */
  restart?(): Promise<void>
  stop(): Promise<void>
}

/** The broker's URL for an endpoint. Any credentials will do on an emulator. */
export function sqsUrl(endpoint: string, more = ''): string {
  return `sqs://test:test@eu-central-1?endpoint=${encodeURIComponent(endpoint)}&createQueues=true${more}`
}
