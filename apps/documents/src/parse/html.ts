import { Parser } from 'htmlparser2'
import { decodeText } from './decode-text.ts'
import type { ParsedDocument } from './parsed-document.ts'

/** What is on the page for machines, or around its text. */
const unread = new Set(['head', 'script', 'style', 'noscript', 'template', 'svg', 'nav', 'iframe', 'object'])
const paragraphs = new Set(
  'address article aside blockquote dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr main ol p pre section table ul'.split(
    ' ',
  ),
)
const separators: Readonly<Record<string, string>> = { br: '\n', li: '\n', tr: '\n', td: ' ', th: ' ' }

export function parseHtml(bytes: Uint8Array): ParsedDocument {
  return htmlToText(decodeText(bytes))
}

/** The text of a page, its title from `<title>`, else from its first heading. */
export function htmlToText(html: string): ParsedDocument {
  let text = ''
  let title = ''
  let heading = ''
  let inTitle = false
  let inPre = false
  // Where the first heading begins, once it has.
  let headingStart: number | undefined
  // Names of the unread elements we are in: they may be nested, and closed in the wrong order.
  const skipped: string[] = []

  const parser = new Parser({
    onopentag(name, { alt }) {
      if (name === 'title' && skipped.at(-1) === 'head') inTitle = true
      if (name === 'pre') inPre = true
      if (unread.has(name)) skipped.push(name)
      text += paragraphs.has(name) ? '\n\n' : (separators[name] ?? '')
      if (isHeading(name)) headingStart ??= text.length
      if (name === 'img' && alt && skipped.length === 0) text += ` ${alt} `
    },
    ontext(data) {
      if (inTitle) title += data
      if (skipped.length === 0) text += inPre ? data : data.replace(/\s+/g, ' ')
    },
    onclosetag(name) {
      if (name === 'title') inTitle = false
      if (name === 'pre') inPre = false
      const index = skipped.lastIndexOf(name)
      if (index >= 0) skipped.length = index
      if (isHeading(name)) heading ||= text.slice(headingStart)
      if (paragraphs.has(name)) text += '\n\n'
    },
  })
  parser.end(html)

  return {
    title: title.replace(/\s+/g, ' ').trim() || heading.replace(/\s+/g, ' ').trim() || undefined,
    text: text
      .replace(/[^\S\n]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim(),
  }
}

function isHeading(name: string): boolean {
  return /^h[1-6]$/.test(name)
}
