import { getDocumentProxy } from 'unpdf'
import { type ParsedDocument, type ParseOptions, UnreadableDocument } from './parsed-document.ts'

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>

/** pdf.js tells of every oddity of a file on the console; its errors reach us as errors anyway. */
const silent = 0

/** The text layer of a PDF, page by page. A scan has none: its text is empty. */
export async function parsePdf(bytes: Uint8Array, options: ParseOptions = {}): Promise<ParsedDocument> {
  const pdf = await open(bytes)
  try {
    const pages: string[] = []
    for (let number = 1; number <= pdf.numPages; number++) {
      options.signal?.throwIfAborted()
      pages.push(await readPage(pdf, number))
      options.onProgress?.(number / pdf.numPages)
    }
    return { title: await readTitle(pdf), text: pages.join('\n\n').trim() }
  } finally {
    await pdf.loadingTask.destroy()
  }
}

async function open(bytes: Uint8Array): Promise<Pdf> {
  try {
    // A copy: pdf.js takes the buffer for itself and leaves the caller's empty.
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: silent })
  } catch (cause) {
    const locked = (cause as Error).name === 'PasswordException'
    const reason = locked ? 'it is locked with a password' : (cause as Error).message
    throw new UnreadableDocument(`The PDF cannot be read: ${reason}`, { cause })
  }
}

async function readPage(pdf: Pdf, number: number): Promise<string> {
  const page = await pdf.getPage(number)
  const { items } = await page.getTextContent()
  let text = ''
  let size = 0
  for (const item of items) {
    if (!('str' in item)) continue
    // A PDF knows no paragraphs. Letters of another size begin a heading, or the text below it.
    if (item.str.trim() !== '' && size !== 0 && item.height !== size) text = `${text.trimEnd()}\n\n`
    if (item.str.trim() !== '') size = item.height
    text += item.str + (item.hasEOL ? '\n' : '')
  }
  page.cleanup()
  return text.trim()
}

async function readTitle(pdf: Pdf): Promise<string | undefined> {
  const { info } = await pdf.getMetadata()
  const title: unknown = (info as { readonly Title?: unknown }).Title
  return typeof title === 'string' && title.trim() !== '' ? title.trim() : undefined
}
