import { existsSync, globSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { built, readPages, staged } from '../site/pages.ts'

const pages = readPages()

/** A section of the sidebar: the pages of a folder, the named ones first and in that order. */
function section(text: string, folder: string, first: readonly string[] = []): DefaultTheme.SidebarItem {
  const place = (target: string) => {
    const at = first.indexOf(basename(target, '.md'))
    return at < 0 ? first.length : at
  }
  const items = pages
    .filter(
      ({ target }) => dirname(target) === folder || (folder !== '.' && dirname(dirname(target)) === folder),
    )
    .filter(({ target }) => target !== 'index.md')
    .toSorted((a, b) => place(a.target) - place(b.target))
    .map(({ title, target }) => ({ text: title, link: `/${target.replace(/(index)?\.md$/, '')}` }))
  return { text, items, collapsed: first.length === 0 }
}

const guide = [
  'index',
  'start',
  'tasks',
  'retries',
  'time-limits',
  'queues',
  'workflows',
  'limits',
  'results',
  'schedules',
  'testing',
  'brokers',
  'deployment',
  'monitoring',
  'security',
  'troubleshooting',
]
const reference = ['from-celery', 'comparison', 'settings', 'envelope', 'feature-matrix', 'contributing']

/** The packages whose reference has been made. */
const api = existsSync(join(staged, 'api'))
  ? globSync('api/*/src/index.md', { cwd: staged })
      .concat(globSync('api/*/src/*/index.md', { cwd: staged }))
      .sort()
  : []

export default defineConfig({
  title: 'tq',
  description: 'One typed task queue for TypeScript. The broker is a deployment choice.',
  lang: 'en',
  srcDir: staged,
  outDir: built,
  cacheDir: join(built, '../cache'),
  cleanUrls: true,
  lastUpdated: false,
  ignoreDeadLinks: [/^\/files\//],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/guide/start' },
      { text: 'Guide', link: '/guide/' },
      { text: 'From Celery', link: '/from-celery' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      section('Guide', 'guide', guide),
      section('Reference', '.', reference),
      section('Drivers', 'drivers'),
      section('Packages', 'packages'),
      section('Sample applications', 'apps'),
      section('Design', 'design'),
      {
        text: 'API',
        collapsed: true,
        items: api.map((path) => ({
          text: `@tq/${path.replace(/^api\//, '').replace(/\/?src|\/index\.md/g, '')}`,
          link: `/${path.replace(/index\.md$/, '')}`,
        })),
      },
    ],
  },
})
