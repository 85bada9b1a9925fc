/** What every parser gives: text as people read it, paragraphs separated by empty lines. */
export interface ParsedDocument {
  readonly title: string | undefined
  readonly text: string
}

/** What a parser that takes its time needs. */
export interface ParseOptions {
  /** Ends it between two pages. */
  readonly signal?: AbortSignal
  /** How much is read, 0 to 1. */
  readonly onProgress?: (fraction: number) => void
}

/** The file is not what its name says, or is damaged, or locked: reading it again will not help. */
export class UnreadableDocument extends Error {
  override readonly name = 'UnreadableDocument'
}
