import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

const folder = join(import.meta.dirname, '..')

/** Tests look at the pages as they are built; builds them where they are older than their sources. */
export async function setup(): Promise<void> {
  const built = join(folder, 'dist/ui/index.html')
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0
  const sources = readdirSync(join(folder, 'ui'), { recursive: true, encoding: 'utf8' })
  const changedAt = Math.max(...sources.map((name) => statSync(join(folder, 'ui', name)).mtimeMs))
  if (changedAt > builtAt)
    await build({
      root: join(folder, 'ui'),
      configFile: join(folder, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: join(folder, 'dist/ui') },
    })
}
