import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hono } from 'hono'

const types = {
  'page.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
} as const

/** Nothing but our own files runs in the page: a document's name or text never becomes markup. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** The page for people: three files as they lie in this folder, without a build. */
export function addPage(server: Hono): void {
  for (const [name, type] of Object.entries(types)) {
    server.get(name === 'page.html' ? '/' : `/${name}`, async (c) =>
      c.body(await readFile(join(import.meta.dirname, name)), 200, {
        'Content-Type': type,
        'Content-Security-Policy': policy,
        'X-Content-Type-Options': 'nosniff',
      }),
    )
  }
}
