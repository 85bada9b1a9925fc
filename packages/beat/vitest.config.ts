import { project } from '../../vitest.shared.ts'

export default project('beat', { testTimeout: 60_000 })
