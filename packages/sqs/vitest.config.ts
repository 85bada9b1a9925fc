import { project } from '../../vitest.shared.ts'

// Cases mostly wait, for whole seconds: SQS counts in those.
export default project('sqs', { maxConcurrency: 16 })
