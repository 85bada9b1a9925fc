import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Node cannot run this as it is, but a transpiler can: enums, imports without endings, path aliases, decorators. */
const worthATry = new Set([
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNKNOWN_FILE_EXTENSION',
])

let transpiling = false

/** Whether a file of this process needed the transpiler; from then on all files go through it. */
export function isTranspiling(): boolean {
  return transpiling
}

/**
 * Imports a module: by Node where it can, by jiti where not. Files that import each other must come through the same
 * of the two, or they would exist twice: hence the switch for the whole process.
 */
export async function load(url: string): Promise<Record<string, unknown>> {
  if (transpiling) return transpile(url)
  try {
    return (await import(url)) as Record<string, unknown>
  } catch (error) {
    if (!isWorthATry(error)) throw error
    try {
      const module = await transpile(url)
      transpiling = true
      return module
    } catch (second) {
      // Nothing was gained: Node's own words are the better ones.
      throw codeOf(second) === 'MODULE_NOT_FOUND' && codeOf(error) === 'ERR_MODULE_NOT_FOUND' ? error : second
    }
  }
}

async function transpile(url: string): Promise<Record<string, unknown>> {
  const { createJiti } = await import('jiti')
  const jiti = createJiti(url, { alias: sameCore(url), tsconfigPaths: true, interopDefault: false })
  return await jiti.import<Record<string, unknown>>(fileURLToPath(url))
}

/** jiti resolves packages by itself: the app must be made by the copy of core that Node gives everybody else. */
function sameCore(url: string): Record<string, string> {
  const { resolve } = createRequire(url)
  const alias: Record<string, string> = {}
  for (const name of ['@tq/core/driver', '@tq/core/testing', '@tq/core']) {
    try {
      alias[name] = resolve(name)
    } catch {
      // Not a dependency of the application: then it does not import it either.
    }
  }
  return alias
}

/** Syntax errors too: decorators, types imported as values; of real ones jiti can tell the line. */
function isWorthATry(error: unknown): boolean {
  return worthATry.has(codeOf(error) ?? '') || error instanceof SyntaxError
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code
}
