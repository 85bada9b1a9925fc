import { decodeText } from './decode-text.ts'
import type { ParsedDocument } from './parsed-document.ts'

/** Plain text. Its first line is its title when it stands alone. */
export function parseText(bytes: Uint8Array): ParsedDocument {
  const text = decodeText(bytes).replaceAll('\r\n', '\n').trim()
  const [, first] = /^([^\n]{1,120})(?:\n\s*\n|$)/.exec(text) ?? []
  return { title: first?.trim(), text }
}
