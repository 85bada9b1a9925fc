import { marked } from 'marked'
import { decodeText } from './decode-text.ts'
import { htmlToText } from './html.ts'
import type { ParsedDocument } from './parsed-document.ts'

const frontMatter = /^---\n[\s\S]*?\n---\n/

/** Markdown is defined by the page it makes, so its text is the text of that page. */
export function parseMarkdown(bytes: Uint8Array): ParsedDocument {
  const source = decodeText(bytes).replaceAll('\r\n', '\n').replace(frontMatter, '')
  return htmlToText(marked.parse(source, { async: false }))
}
