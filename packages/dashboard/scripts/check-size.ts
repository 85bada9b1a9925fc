// What a browser loads before the first page is there, and all that can be loaded: compressed, within their budgets.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const firstLoadBudget = 60_000
const totalBudget = 120_000

const folder = join(import.meta.dirname, '../dist/ui')
const sizeOf = (name: string) => gzipSync(readFileSync(join(folder, name))).length
const html = readFileSync(join(folder, 'index.html'), 'utf8')
const linked = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, name = '']) => name)
const firstLoad = ['index.html', ...linked].reduce((sum, name) => sum + sizeOf(name), 0)
const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'))
const total = all.reduce((sum, name) => sum + sizeOf(name), 0)

const kilobytes = (bytes: number) => `${(bytes / 1_000).toFixed(1)} kB`
const said = `dashboard: first load ${kilobytes(firstLoad)} of ${kilobytes(firstLoadBudget)}, all ${kilobytes(total)} of ${kilobytes(totalBudget)} (gzip)`
if (/<script(?![^>]*\bsrc=)/.test(html) || /<style|\sstyle=/.test(html))
  throw new Error('dashboard: the page has inline script or style, which its policy forbids')
if (/(?:src|href)="(?!\.\/)/.test(html))
  throw new Error('dashboard: the page has an address that is not relative')
if (firstLoad > firstLoadBudget || total > totalBudget) throw new Error(`${said}: too much`)
process.stdout.write(`${said}\n`)
