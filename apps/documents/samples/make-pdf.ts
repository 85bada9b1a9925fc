// Makes field-guide.pdf from source/field-guide.txt: a heading of the first rank begins a page.
// Run it after a change of the text; the same text gives the same bytes.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PDFDocument, type PDFFont, type PDFPage, StandardFonts } from 'pdf-lib'

const paper = { width: 595, height: 842, margin: 64 }
const styles = { title: 22, heading: 14, text: 11 } as const
/** Any fixed instant will do: without one the file would differ each time it is made. */
const madeAt = new Date('2026-01-01T00:00:00Z')

interface Block {
  readonly style: keyof typeof styles
  readonly text: string
}

/** Paragraphs are separated by empty lines; line breaks within them mean nothing. */
function toBlocks(source: string): Block[] {
  return source
    .trim()
    .split(/\n{2,}/)
    .map((paragraph): Block => {
      const text = paragraph.replaceAll('\n', ' ')
      if (text.startsWith('## ')) return { style: 'heading', text: text.slice(3) }
      if (text.startsWith('# ')) return { style: 'title', text: text.slice(2) }
      return { style: 'text', text }
    })
}

function wrap(text: string, font: PDFFont, size: number, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (font.widthOfTextAtSize(longer, size) <= width) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}

export async function makePdf(source: string): Promise<Uint8Array> {
  const pdf = await PDFDocument.create()
  const fonts = {
    title: await pdf.embedFont(StandardFonts.HelveticaBold),
    heading: await pdf.embedFont(StandardFonts.HelveticaBold),
    text: await pdf.embedFont(StandardFonts.Helvetica),
  }
  const blocks = toBlocks(source)
  pdf.setTitle(blocks[0]?.text ?? 'Untitled')
  pdf.setAuthor('The tq authors')
  pdf.setCreationDate(madeAt)
  pdf.setModificationDate(madeAt)

  let page: PDFPage | undefined
  let y = 0
  for (const { style, text } of blocks) {
    const size = styles[style]
    if (!page || style === 'title') {
      page = pdf.addPage([paper.width, paper.height])
      y = paper.height - paper.margin
    }
    for (const line of wrap(text, fonts[style], size, paper.width - 2 * paper.margin)) {
      y -= size * 1.4
      if (y < paper.margin) {
        page = pdf.addPage([paper.width, paper.height])
        y = paper.height - paper.margin - size * 1.4
      }
      page.drawText(line, { x: paper.margin, y, size, font: fonts[style] })
    }
    y -= size * 0.8
  }
  return pdf.save()
}

if (import.meta.main) {
  const source = await readFile(join(import.meta.dirname, 'source/field-guide.txt'), 'utf8')
  await writeFile(join(import.meta.dirname, 'field-guide.pdf'), await makePdf(source))
}
