import { describeBroker } from '@tq/conformance/vitest'
import { harness } from './harness.ts'
import { startOwnSqs } from './services/own.ts'

// As SQS documents itself, restarts included.
describeBroker(harness({ name: 'sqs-documented', start: startOwnSqs, restarts: true }))
