import { readFileSync } from 'node:fs'

/** A code block of a page that names its file: ```` ```ts tasks.ts ````. */
export interface Snippet {
  readonly file: string
  readonly code: string
}

/** The named code blocks of a Markdown page. */
export function snippetsOf(page: URL): readonly Snippet[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(([, file = '', code = '']) => ({
    file,
    code,
  }))
}

/** The shell lines of a Markdown page, without comments. */
export function commandsOf(page: URL): readonly string[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '')
}
