import type { DocumentKind } from './document-kind.ts'
import { parseHtml } from './html.ts'
import { parseMarkdown } from './markdown.ts'
import type { ParsedDocument, ParseOptions } from './parsed-document.ts'
import { parsePdf } from './pdf.ts'
import { parseText } from './text.ts'

type Parser = (bytes: Uint8Array, options: ParseOptions) => ParsedDocument | Promise<ParsedDocument>

const parsers: Readonly<Record<DocumentKind, Parser>> = {
  pdf: parsePdf,
  markdown: parseMarkdown,
  html: parseHtml,
  text: parseText,
}

/** @throws UnreadableDocument, or the signal's reason */
export async function parseDocument(
  kind: DocumentKind,
  bytes: Uint8Array,
  options: ParseOptions = {},
): Promise<ParsedDocument> {
  options.signal?.throwIfAborted()
  return await parsers[kind](bytes, options)
}
