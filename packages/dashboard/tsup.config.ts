import { library } from '../../tsup.shared.ts'

// hono is built in (a development dependency): nothing is installed but this package.
export default library({ index: 'src/index.ts' })
