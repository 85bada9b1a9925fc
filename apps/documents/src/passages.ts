import { countWords } from './words.ts'

const sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' })

/** Long enough to be about something, short enough to be shown as a hit. */
const passageWords = { least: 40, most: 80 }

/** Cuts a text into passages of whole sentences, at paragraphs where it can. They are what a search compares. */
export function splitPassages(text: string): string[] {
  const passages: string[] = []
  let passage = ''
  let size = 0
  const endAt = (words: number) => {
    if (size < words) return
    passages.push(passage)
    passage = ''
    size = 0
  }
  for (const paragraph of text.split(/\n\s*\n/)) {
    for (const { segment } of sentences.segment(paragraph.replace(/\s+/g, ' '))) {
      passage = `${passage} ${segment.trim()}`.trim()
      size += countWords(segment)
      endAt(passageWords.most)
    }
    // A heading alone says little: it goes with the paragraph below it.
    endAt(passageWords.least)
  }
  endAt(1)
  return passages
}
