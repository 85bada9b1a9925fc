import { readFileSync } from 'node:fs'

/** A fenced block of a Markdown page. What is behind the language says what the tests do with it. */
interface Block {
  readonly language: string
  /** The words after the language: a file name, `run`, `check`, `worker`, `prints`. */
  readonly marks: readonly string[]
  readonly text: string
  readonly line: number
}

/** A TypeScript block as a file of its page. */
export interface PageFile {
  readonly name: string
  readonly code: string
  /** Not only type-checked: run as a program, or as a test of vitest's. */
  readonly run: boolean
  readonly vitest: boolean
  /** What it has to print, where the page says so: the `text prints` block behind it. */
  readonly prints: string | undefined
}

/** All fenced blocks of a page, in order. */
function blocksOf(page: URL): readonly Block[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(({ 1: info = '', 2: body = '', index }) => {
    const [language = '', ...marks] = info.trim().split(/\s+/)
    return { language, marks, text: body, line: text.slice(0, index).split('\n').length }
  })
}

/**
 * The TypeScript of a page: ```` ```ts tasks.ts ```` is a file, ```` ```ts send.ts run ```` a program, ```` ```ts check ````
 * a piece that only the compiler sees.
 *
 * @throws Error for a block that says nothing: nobody would know whether it is true.
 */
export function filesOf(page: URL): readonly PageFile[] {
  const blocks = blocksOf(page)
  return blocks.flatMap(({ language, marks, text, line }, at) => {
    if (language !== 'ts') return []
    const [mark, second] = marks
    if (mark === 'check')
      return [
        { name: `check-${line}.ts`, code: asModule(text), run: false, vitest: false, prints: undefined },
      ]
    if (!mark?.endsWith('.ts'))
      throw new Error(
        `${page.pathname}:${line}: say '\`\`\`ts <file>.ts', '\`\`\`ts <file>.ts run' or '\`\`\`ts check'`,
      )
    const next = blocks[at + 1]
    const prints = next?.language === 'text' && next.marks[0] === 'prints' ? next.text : undefined
    return [{ name: mark, code: asModule(text), run: second === 'run', vitest: second === 'vitest', prints }]
  })
}

/** The lines of a page's shell blocks with this mark (none: the unmarked ones), without comments; long ones joined. */
export function shellLines(page: URL, mark?: string): readonly string[] {
  return blocksOf(page)
    .filter(({ language, marks }) => language === 'sh' && marks[0] === mark)
    .flatMap(({ text }) => text.replace(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/(^|\s+)#.*$/, '').trim())
    .filter((line) => line !== '')
}

/** Two pieces of a page may use one name: each is a module. */
function asModule(code: string): string {
  return /^(import|export)\b/m.test(code) ? code : `${code}\nexport {}\n`
}
