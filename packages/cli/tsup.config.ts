import { library } from '../../tsup.shared.ts'

export default library(
  { index: 'src/index.ts' },
  { main: 'src/main.ts', 'load-module': 'src/load-module.ts' },
)
