import { project } from '../../vitest.shared.ts'

// Most cases wait for times to pass, which the service tells by the second.
export default project('dynamodb', { maxConcurrency: 16 })
