import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Application, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { root } from './pages.ts'

/** Writes a page for everything that the packages export, from its docstrings. */
export async function writeApi(folder: string): Promise<void> {
  const options: Partial<TypeDocOptions & PluginOptions> = {
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: globSync('packages/*/src/{index,driver,testing,vitest}.ts', { cwd: root })
      .sort()
      .map((path) => join(root, path)),
    tsconfig: join(root, 'docs/tsconfig.api.json'),
    out: folder,
    name: 'API',
    readme: 'none',
    entryFileName: 'index.md',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useCodeBlocks: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    // Angle brackets in a sentence are no elements of the page.
    sanitizeComments: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    // The compiler has its own check.
    skipErrorChecking: true,
    disableSources: true,
    // What a link in a docstring may name is more than what is exported.
    validation: { notExported: false, invalidLink: false, invalidPath: false, notDocumented: false },
    logLevel: 'Warn',
  }
  const app = await Application.bootstrapWithPlugins(options)
  const project = await app.convert()
  if (!project) throw new Error('the API reference could not be made: see above')
  await app.generateOutputs(project)
  if (app.logger.hasErrors()) throw new Error('the API reference has errors: see above')
}
