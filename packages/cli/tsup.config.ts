import { library } from '../../tsup.shared.ts'

// A program, not a library: no declarations.
export default library({}, { main: 'src/main.ts' }, { dts: false })
