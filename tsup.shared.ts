import { existsSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

/** Output name → source file. */
type Entries = Record<string, string>

/**
 * How every package is built: ESM only, for the oldest node we support, with declarations and source maps.
 *
 * @param exported the entry points applications import
 * @param internal further programs of the package (child processes, threads): built, without declarations
 */
export function library(exported: Entries, internal: Entries = {}, extra: Options = {}) {
  // A package being started has not all its programs yet.
  const present = Object.entries(internal).filter(([, file]) => existsSync(file))
  return defineConfig({
    entry: { ...exported, ...Object.fromEntries(present) },
    format: 'esm',
    target: 'node22',
    platform: 'node',
    // Shared chunks keep one identity per class across the entry points.
    splitting: true,
    dts: { entry: exported },
    sourcemap: true,
    clean: true,
    silent: true,
    // esbuild rewrites 'node:sqlite' to 'sqlite' otherwise, which does not exist.
    removeNodeProtocol: false,
    ...extra,
  })
}
