import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { inTurns, type KeptPayload, type PayloadName, type PayloadStore } from '@tq/core/driver'
import { classify, isAbsent } from './classify.ts'
import { ClosedError, DeleteError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'

/** Calls under way at once. */
const atOnce = 16
/** S3's own limit. */
const mostDeletes = 1_000

/**
 * One object per payload. S3 is consistent: what was put is read by everyone. It deletes nothing after `ttlMs` by itself;
 * a rule of the bucket's does (README).
 */
export class S3Payloads implements PayloadStore {
  readonly name = 's3'
  /** What one PUT may carry. */
  readonly maxBytes = 5 * 1_073_741_824
  readonly #options: ResolvedOptions
  readonly #prefix: string
  readonly #client: S3Client
  readonly #closing = new AbortController()
  #opening: Promise<unknown> | undefined

  constructor(options: ResolvedOptions, namespace: string) {
    this.#options = options
    this.#prefix = `${options.prefix}${namespace}/`
    const agent = { keepAlive: true, maxSockets: 2 * atOnce }
    this.#client = new S3Client({
      requestHandler: { connectionTimeout: 2_000, httpAgent: agent, httpsAgent: agent },
      ...options.connection,
      maxAttempts: 1,
    })
  }

  async open(): Promise<void> {
    this.#check()
    this.#opening ??= this.#send((abort) =>
      this.#client.send(new HeadBucketCommand({ Bucket: this.#options.bucket }), abort),
    ).catch((error: unknown) => {
      // The next one asks again.
      this.#opening = undefined
      throw error
    })
    await this.#opening
  }

  async put(payloads: readonly KeptPayload[]): Promise<void> {
    await inTurns(payloads, atOnce, async ({ key, body }) => {
      const command = new PutObjectCommand({ ...this.#at(key), Body: body, ContentLength: body.byteLength })
      await this.#send((abort) => this.#client.send(command, abort))
    })
  }

  async get(names: readonly PayloadName[]): Promise<readonly (Uint8Array | undefined)[]> {
    const found = new Map<PayloadName, Uint8Array>()
    await inTurns(names, atOnce, async (name) => {
      const body = await this.#send((abort) => this.#read(name.key, abort))
      if (body) found.set(name, body)
    })
    return names.map((name) => found.get(name))
  }

  async delete(names: readonly PayloadName[]): Promise<void> {
    for (let start = 0; start < names.length; start += mostDeletes) {
      const Objects = names.slice(start, start + mostDeletes).map(({ key }) => ({ Key: this.#prefix + key }))
      const command = new DeleteObjectsCommand({
        Bucket: this.#options.bucket,
        Delete: { Objects, Quiet: true },
      })
      const { Errors: [failed] = [] } = await this.#send((abort) => this.#client.send(command, abort))
      if (failed) throw new DeleteError(failed.Code ?? 'unknown', failed.Key ?? '', failed.Message ?? '')
    }
    this.#check()
  }

  classify(error: unknown) {
    return classify(error)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#client.destroy()
  }

  async #read(key: string, abort: { readonly abortSignal: AbortSignal }): Promise<Uint8Array | undefined> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand(this.#at(key)), abort)
      return await Body?.transformToByteArray()
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  }

  #at(key: string) {
    return { Bucket: this.#options.bucket, Key: this.#prefix + key }
  }

  /** One call in its time. */
  async #send<Output>(
    call: (options: { readonly abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    this.#check()
    const late = AbortSignal.timeout(this.#options.timeoutMs)
    try {
      return await call({ abortSignal: AbortSignal.any([this.#closing.signal, late]) })
    } catch (error) {
      this.#check()
      throw error
    }
  }

  #check(): void {
    if (this.#closing.signal.aborted) throw new ClosedError()
  }
}
