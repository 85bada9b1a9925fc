import { createRequire } from 'node:module'

/** Of this package; found by its own name, which is right for the sources and for what is published. */
export const { version } = createRequire(import.meta.url)('@tq/core/package.json') as {
  readonly version: string
}
