import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Adapter } from '../contracts/adapter.ts'
import { TqError } from '../errors/tq-error.ts'
import { memory } from '../memory/adapter.ts'
import type { BeatModule } from '../runtime/app-brand.ts'

/** Which package serves a URL scheme, so that a URL is all a deployment has to say. */
const packages: Readonly<Record<string, string>> = {
  sqlite: '@tq/sqlite',
  redis: '@tq/redis',
  rediss: '@tq/redis',
  'redis+cluster': '@tq/redis',
  'rediss+cluster': '@tq/redis',
  'redis+sentinel': '@tq/redis',
  'rediss+sentinel': '@tq/redis',
  amqp: '@tq/rabbitmq',
  amqps: '@tq/rabbitmq',
  sqs: '@tq/sqs',
  dynamodb: '@tq/dynamodb',
  s3: '@tq/s3',
  postgres: '@tq/postgres',
  postgresql: '@tq/postgres',
}

/** What a URL may be for, and what of an adapter makes it. */
const makers = {
  broker: 'createBroker',
  backend: 'createBackend',
  'payload store': 'createPayloadStore',
} as const satisfies Record<string, keyof Adapter>

type Purpose = keyof typeof makers

/** What the packages make, for a URL that none of them knows. */
const made: Readonly<Record<string, readonly Purpose[]>> = {
  '@tq/sqlite': ['broker', 'backend'],
  '@tq/redis': ['broker', 'backend'],
  '@tq/rabbitmq': ['broker'],
  '@tq/sqs': ['broker'],
  '@tq/dynamodb': ['backend'],
  '@tq/postgres': ['backend'],
  '@tq/s3': ['payload store'],
}

/** The part of a URL before the colon. */
function schemeOf(url: string): string {
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? ''
}

/** A URL that may be shown: without its password. */
export function hidePassword(url: string): string {
  return url.replace(/\/\/([^@/]*)@/, (_, user: string) => `//${user.replace(/:.*/, ':***')}@`)
}

/** Finds the adapter for a URL: one that was passed in, the built-in memory, or a package of the application's. */
export class AdapterCatalog {
  readonly #adapters: Adapter[]
  /** Files beside which packages are looked for, the application's first. */
  readonly #searched: (string | URL)[]

  constructor(given: readonly Adapter[]) {
    this.#adapters = [...given, memory()]
    // The working folder, the program that was started, and core itself: strict package managers let each see only its own.
    this.#searched = [`${process.cwd()}/`, ...process.argv.slice(1, 2), import.meta.url]
  }

  searchFrom(file: string | URL): void {
    this.#searched.unshift(file)
  }

  /**
   * @param purpose What it is to make.
   * @throws TqError `UNKNOWN_SCHEME`, `ADAPTER_MISSING`
   */
  async find(url: string, purpose: Purpose): Promise<Adapter> {
    const scheme = schemeOf(url)
    const known = this.#adapters.find((adapter) => adapter.schemes.includes(scheme))
    if (known) return known
    const name = packages[scheme]
    if (!name) {
      const schemes = this.#schemesFor(purpose)
      throw new TqError(
        'UNKNOWN_SCHEME',
        `'${hidePassword(url)}' starts with no scheme we know of a ${purpose}. Use one of: ${schemes.map((one) => `${one}:`).join(' ')}`,
      )
    }
    const adapter = await this.#load(name, scheme)
    this.#adapters.push(adapter)
    return adapter
  }

  #schemesFor(purpose: Purpose): readonly string[] {
    const given = this.#adapters.filter((adapter) => adapter[makers[purpose]] !== undefined)
    const known = Object.entries(packages).filter(([, name]) => made[name]?.includes(purpose))
    return [...new Set([...given.flatMap(({ schemes }) => schemes), ...known.map(([scheme]) => scheme)])]
  }

  /** @throws TqError `BEAT_MISSING` */
  async beat(): Promise<BeatModule> {
    const { beat } = (await importFrom(this.#searched, '@tq/beat')) ?? {}
    if (beat) return beat as BeatModule
    throw new TqError(
      'BEAT_MISSING',
      'Telling when schedules run needs the package @tq/beat, which is not installed here. Run: npm install @tq/beat',
      { details: { package: '@tq/beat' } },
    )
  }

  async #load(name: string, scheme: string): Promise<Adapter> {
    const module = await importFrom(this.#searched, name)
    if (!module) {
      throw new TqError(
        'ADAPTER_MISSING',
        `${scheme}: URLs need the package ${name}, which is not installed here. Run: npm install ${name}`,
        { details: { package: name } },
      )
    }
    if (module['adapter']) return module['adapter'] as Adapter
    throw new TqError(
      'ADAPTER_MISSING',
      `The package ${name} exports no 'adapter'. Update it to the version of @tq/core.`,
    )
  }
}

/** A package's exports under its name, from beside the application; undefined where it is not installed. */
async function importFrom(
  searched: readonly (string | URL)[],
  name: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  for (const from of searched) {
    let path: string
    try {
      path = createRequire(from).resolve(name)
    } catch (error) {
      const { code } = error as { code?: string }
      // Not there, or the program was started with something that is no path.
      if (code === 'MODULE_NOT_FOUND' || code === 'ERR_INVALID_ARG_VALUE') continue
      throw error
    }
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  }
  return undefined
}
