import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findApp } from '@tq/core'
import { mainFile } from '../files.ts'
import { isTranspiling, load } from '../load-module.ts'
import { CommandError, usageError } from '../output/command-error.ts'
import { explainLoadError } from './explain-load-error.ts'
import { findFiles } from './find-files.ts'
import type { FoundApp } from './found-app.ts'

/** An app, and the files its tasks came from. */
export interface LoadedTasks {
  readonly app: FoundApp
  /** File URLs. */
  readonly modules: readonly string[]
}

/** Imports the task files and finds the one app behind them. */
export async function loadTasks(command: string, names: readonly string[]): Promise<LoadedTasks> {
  if (names.length === 0) {
    throw usageError(
      `${command}: no task file. Name it: ${command} -A src/tasks.ts (or TQ_APP, or tq.config.ts).`,
    )
  }
  const modules = await findFiles(names)
  const apps = await importAll(modules)
  const [app, other] = new Set(apps.filter((found) => found !== undefined))
  if (!app) {
    throw new CommandError(
      'NO_APP',
      `${modules.map(shown).join(', ')}: neither an app nor a task is exported. Write: export const app = createApp().`,
    )
  }
  if (other) {
    throw new CommandError(
      'SEVERAL_APPS',
      `The task files belong to two different apps. Export one createApp() from a file that the others import.`,
    )
  }
  // Drivers and beat are the application's dependencies; ours are looked for last.
  for (const url of [mainFile, ...modules]) app.searchFrom(url)
  return { app, modules }
}

async function importAll(modules: readonly string[]): Promise<readonly (FoundApp | undefined)[]> {
  const before = isTranspiling()
  const found: (FoundApp | undefined)[] = []
  // One after the other: they import each other's modules.
  for (const url of modules) {
    const exported = await load(url).catch((error: unknown) => {
      throw explainLoadError(shown(url), error)
    })
    found.push(findApp(exported) as FoundApp | undefined)
  }
  // A later file needed the transpiler: those before it were imported by Node, into another app.
  return isTranspiling() && !before && modules.length > 1 ? importAll(modules) : found
}

function shown(url: string): string {
  return relative(process.cwd(), fileURLToPath(url))
}
