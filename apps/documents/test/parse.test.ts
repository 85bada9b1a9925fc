import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PDFDocument } from 'pdf-lib'
import { describe, expect, test } from 'vitest'
import { makePdf } from '../samples/make-pdf.ts'
import { documentKind } from '../src/parse/document-kind.ts'
import { parseDocument } from '../src/parse/parse-document.ts'
import { UnreadableDocument } from '../src/parse/parsed-document.ts'
import { countWords } from '../src/words.ts'

const sample = (name: string) => readFile(join(import.meta.dirname, '../samples', name))
const bytes = (text: string) => new TextEncoder().encode(text)

describe('PDF', () => {
  test('reads title, paragraphs and every word of a real file, page by page', async () => {
    const progress: number[] = []
    const onProgress = (fraction: number) => progress.push(fraction)
    const { title, text } = await parseDocument('pdf', await sample('field-guide.pdf'), { onProgress })

    expect(title).toBe('A Field Guide to Task Queues')
    expect(progress).toEqual([1 / 3, 2 / 3, 1])
    expect(text).toContain('When Things Go Wrong\n\nWorkers are processes')
    // The file is made from this text: not a word may be missing, and none may be glued to its neighbour.
    const source = (await sample('source/field-guide.txt')).toString().replace(/^#+ /gm, '')
    expect(text.split(/\s+/)).toEqual(source.trim().split(/\s+/))
    expect(countWords(text)).toBe(countWords(source))
  })

  test('the sample is what its script makes of its source', async () => {
    const made = await makePdf((await sample('source/field-guide.txt')).toString())
    expect(Buffer.from(made).equals(await sample('field-guide.pdf'))).toBe(true)
  })

  test('leaves the bytes it was given alone', async () => {
    const file = new Uint8Array(await sample('field-guide.pdf'))
    const { byteLength } = file
    await parseDocument('pdf', file)
    expect(file.byteLength).toBe(byteLength)
  })

  test('a damaged file is unreadable, not merely failed', async () => {
    const damaged = bytes('%PDF-1.7\nthis is not what it says it is')
    await expect(parseDocument('pdf', damaged)).rejects.toThrow(UnreadableDocument)
  })

  test('a file without text has none', async () => {
    const pdf = await PDFDocument.create()
    pdf.addPage()
    expect(await parseDocument('pdf', await pdf.save())).toEqual({ title: undefined, text: '' })
  })

  test('stops between pages', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const reading = parseDocument('pdf', await sample('field-guide.pdf'), {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    })
    await expect(reading).rejects.toBe(reason)
  })
})

describe('HTML', () => {
  test('keeps what people read and leaves out what is for machines', async () => {
    const { title, text } = await parseDocument('html', await sample('lighthouse.html'))
    expect(title).toBe('The Lighthouse at Grey Point')
    expect(text).toMatch(/^The Lighthouse at Grey Point\n\nThe tower stands thirty-one metres/)
    expect(text).toContain('two white flashes every fifteen seconds')
    expect(text).toContain('made in Paris & carried up the stairs')
    expect(text).toContain('1864: rapeseed oil, wound up every four hours\n1902: paraffin')
    expect(text).toContain('Agnes Holm 1871 to 1893\nPeter Marsh')
    expect(text).not.toMatch(/console|font-family|comment|Keepers Lamp/)
  })

  test('takes its title from the heading when it has no other', async () => {
    const { title, text } = await parseDocument('html', bytes('<h1>Of <i>one</i>\nmind</h1><p>Text<br>more'))
    expect(title).toBe('Of one mind')
    expect(text).toBe('Of one mind\n\nText\nmore')
  })

  test('survives unbalanced tags', async () => {
    const { text } = await parseDocument('html', bytes('<p>a<script>x()</p></script><p>b</script> c</nav> d'))
    expect(text).toBe('a\n\nb c d')
  })
})

describe('Markdown', () => {
  test('reads every kind of block without its marks', async () => {
    const source = `---\nlayout: page\n---\n# The *first* heading\n\nSome **bold** and [linked](https://example.com) words, ![a picture](x.png) and \`code\`.\n\n> Quoted &amp; said.\n\n- one\n- [x] two\n  - nested three\n\n| a | b |\n|---|---|\n| c | **d** |\n\n\`\`\`ts\nconst kept = true\n\`\`\`\n\n<div>inline <b>html</b></div>\n`
    const { title, text } = await parseDocument('markdown', bytes(source))
    expect(title).toBe('The first heading')
    expect(text).toBe(
      'The first heading\n\nSome bold and linked words, a picture and code.\n\nQuoted & said.\n\none\ntwo\n\nnested three\n\na b\nc d\n\nconst kept = true\n\ninline html',
    )
  })

  test("reads the repository's own documents", async () => {
    const file = await readFile(join(import.meta.dirname, '../../../CONTRIBUTING.md'))
    const { title, text } = await parseDocument('markdown', file)
    expect(title).toBe('Contributing')
    expect(text).toContain('Set up, build, test')
    expect(text).not.toMatch(/\*\*|\]\(|^#/m)
  })
})

describe('text', () => {
  test('takes a first line that stands alone as its title', async () => {
    const { title, text } = await parseDocument('text', await sample('baking-notes.txt'))
    expect(title).toBe('Baking notes')
    expect(countWords(text)).toBeGreaterThan(200)
  })

  test.each([
    ['UTF-8 with a mark', Buffer.from('\uFEFFgrün', 'utf8')],
    ['UTF-16', Buffer.from('\uFEFFgrün', 'utf16le')],
    ['UTF-16, other byte order', Buffer.from('\uFEFFgrün', 'utf16le').swap16()],
    ['an old encoding', Buffer.from('grün', 'latin1')],
  ])('decodes %s', async (_, file) => {
    expect((await parseDocument('text', file)).text).toBe('grün')
  })
})

test('words are counted in languages without spaces too', () => {
  expect(countWords("It's 7 o'clock, isn't it?")).toBe(5)
  expect(countWords('任务队列的核心是解耦')).toBeGreaterThan(3)
  expect(countWords(' \n ')).toBe(0)
})

test.each([
  ['a.pdf', '%PDF-1.7', 'pdf'],
  ['A.PDF', '\n%PDF-1.4', 'pdf'],
  ['a.pdf', 'no pdf', undefined],
  ['a.md', '# a', 'markdown'],
  ['a.htm', '<p>', 'html'],
  ['a.txt', 'a', 'text'],
  ['a.txt', '\uFEFFa', 'text'],
  ['a.txt', 'MZ\0\0', undefined],
  ['a.exe', 'MZ', undefined],
  ['pdf', '%PDF-1.7', undefined],
])('%s with the content %j is %s', (name, content, kind) => {
  const encoding = content.startsWith('\uFEFF') ? 'utf16le' : 'utf8'
  expect(documentKind(name, Buffer.from(content, encoding))).toBe(kind)
})
