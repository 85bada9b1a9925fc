import type { Adapter } from '@tq/core/driver'
import { resolveOptions, type S3Options } from './options.ts'
import { S3Payloads } from './store.ts'

export type { S3Options } from './options.ts'

/**
 * Large payloads in Amazon S3, or what speaks its language.
 *
 * @example createApp({ payload: { offload: 's3://my-bucket/tq' } })
 */
export function s3(options: S3Options = {}): Adapter {
  return {
    name: 's3',
    schemes: ['s3'],
    createPayloadStore: (url, { namespace }) => new S3Payloads(resolveOptions(url, options), namespace),
  }
}

/** With the defaults, found by core through the URL scheme. */
export const adapter: Adapter = s3()
