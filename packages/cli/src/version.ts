import { createRequire } from 'node:module'

/** One folder above, for the sources and for the built package. */
export const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string }
