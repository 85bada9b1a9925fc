import { extname } from 'node:path'

export type DocumentKind = 'pdf' | 'markdown' | 'html' | 'text'

const kinds: Readonly<Record<string, DocumentKind>> = {
  '.pdf': 'pdf',
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.html': 'html',
  '.htm': 'html',
  '.txt': 'text',
  '.text': 'text',
}

/** What we can read, for messages to people. */
export const readableKinds = 'PDF, Markdown, HTML or plain text'

/**
 * The kind of a file by its name, unless its first bytes say that the name is wrong: a program called `notes.txt`
 * is refused when it is uploaded, not found out by a worker later.
 */
export function documentKind(fileName: string, bytes: Uint8Array): DocumentKind | undefined {
  const kind = kinds[extname(fileName).toLowerCase()]
  const start = Buffer.from(bytes.subarray(0, 1024)).toString('latin1')
  // Readers accept a PDF whose header is preceded by a few other bytes.
  if (kind === 'pdf') return start.includes('%PDF-') ? kind : undefined
  return kind && (isUtf16(bytes) || !start.includes('\0')) ? kind : undefined
}

/** By its byte order mark. Such a text is full of zero bytes. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}
