import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import { TqError } from '@tq/core'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

interface StaticFile {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly compressed: Uint8Array<ArrayBuffer> | undefined
}

/** The built page and its assets, read once: nothing outside this list can be asked for. */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>

  constructor(folder: string = findFolder()) {
    const files = new Map<string, StaticFile>()
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, name)
      const type = types[extname(name)]
      if (type === undefined || !statSync(path).isFile()) continue
      const bytes = new Uint8Array(readFileSync(path))
      const compressed =
        bytes.length > 1_000
          ? new Uint8Array(brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 8 } }))
          : undefined
      files.set(name.replaceAll('\\', '/'), { type, bytes, compressed })
    }
    this.#files = files
  }

  /** Undefined where there is no such file. */
  answer(name: string, request: Request): Response | undefined {
    const file = this.#files.get(name)
    if (!file) return undefined
    const accepts = /\bbr\b/.test(request.headers.get('accept-encoding') ?? '')
    const compressed = accepts ? file.compressed : undefined
    return new Response(request.method === 'HEAD' ? null : (compressed ?? file.bytes), {
      headers: {
        'content-type': file.type,
        vary: 'accept-encoding',
        // Names of assets hold a hash of what is in them.
        'cache-control': name.startsWith('assets/') ? 'private, max-age=31536000, immutable' : 'no-cache',
        ...(compressed ? { 'content-encoding': 'br' } : {}),
      },
    })
  }
}

/** Beside the built program; from sources, where the build puts it. */
function findFolder(): string {
  const folders = ['./ui/', '../../dist/ui/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))
  const found = folders.find((folder) => existsSync(join(folder, 'index.html')))
  if (found !== undefined) return found
  throw new TqError(
    'INVALID_OPTION',
    'The pages of the dashboard have not been built: run `pnpm --filter @tq/dashboard build` first.',
  )
}
