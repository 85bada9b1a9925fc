import { expect, test } from 'vitest'
import { deadLinks } from '../../docs/site/links.ts'
import { type Page, readPages } from '../../docs/site/pages.ts'

const page = (text: string): Page => ({
  source: 'docs/page.md',
  target: 'page.md',
  title: '',
  lead: '',
  text,
})

test('every link of every page leads somewhere, to the heading it names', () => {
  const pages = readPages()
  expect(pages.length).toBeGreaterThan(40)
  expect(deadLinks(pages)).toEqual([])
})

test('a link that leads nowhere is found', () => {
  const text = [
    '# Two words: `code`, _more_',
    '[here](#two-words-code-_more_) [there](settings.md#settings) [else](https://example.com/x)',
    '[no file](nowhere.md) [no heading](#nowhere) [nor there](settings.md#nowhere)',
    '<img src="nowhere.png">',
    '```md\n[code](nowhere.md)\n```',
  ].join('\n')
  const others = readPages()
  expect(deadLinks([page(text), ...others]).map(({ link, reason }) => `${link}: ${reason}`)).toEqual([
    'nowhere.md: no such file',
    '#nowhere: no such heading',
    'settings.md#nowhere: no such heading',
    'nowhere.png: no such file',
  ])
})
