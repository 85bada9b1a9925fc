import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Adapter } from '../contracts/adapter.ts'
import { TqError } from '../errors/tq-error.ts'
import { memory } from '../memory/adapter.ts'
import type { BeatModule } from '../runtime/app-brand.ts'

/** What a URL may be for, and what of an adapter makes it. */
const makers = {
  broker: 'createBroker',
  backend: 'createBackend',
  'payload store': 'createPayloadStore',
} as const satisfies Record<string, keyof Adapter>

type Purpose = keyof typeof makers

/** Which package serves a URL scheme, so that a URL is all a deployment has to say; and what it makes of one. */
const packages: Readonly<
  Record<string, { readonly schemes: readonly string[]; readonly makes: readonly Purpose[] }>
> = {
  '@tq/sqlite': { schemes: ['sqlite'], makes: ['broker', 'backend'] },
  '@tq/redis': {
    schemes: ['redis', 'rediss', 'redis+cluster', 'rediss+cluster', 'redis+sentinel', 'rediss+sentinel'],
    makes: ['broker', 'backend'],
  },
  '@tq/rabbitmq': { schemes: ['amqp', 'amqps'], makes: ['broker'] },
  '@tq/sqs': { schemes: ['sqs'], makes: ['broker'] },
  '@tq/dynamodb': { schemes: ['dynamodb'], makes: ['backend'] },
  '@tq/s3': { schemes: ['s3'], makes: ['payload store'] },
  '@tq/postgres': { schemes: ['postgres', 'postgresql'], makes: ['backend'] },
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
    const [name] = Object.entries(packages).find(([, { schemes }]) => schemes.includes(scheme)) ?? []
    if (name === undefined) {
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
    const known = Object.values(packages).filter(({ makes }) => makes.includes(purpose))
    return [...new Set([...given, ...known].flatMap(({ schemes }) => schemes))]
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
