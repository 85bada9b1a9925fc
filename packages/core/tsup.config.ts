import { library } from '../../tsup.shared.ts'

export default library(
  { index: 'src/index.ts', driver: 'src/driver.ts', testing: 'src/testing.ts' },
  { 'worker/child': 'src/worker/child.ts', 'worker/lease-thread': 'src/worker/lease-thread.ts' },
)
