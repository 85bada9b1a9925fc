/*
 * PostgreSQL's text holds every character but U+0000. It is kept escaped, and only where it occurs, so that everything
 * else can be read, searched and cast in SQL as it is.
 */

/** A code point that no text uses: Unicode reserves it for uses like this. */
const mark = '\u{10ffff}'

/** As it is stored. */
export function toStored(text: string): string {
  if (!text.includes('\0') && !text.includes(mark)) return text
  return text.replaceAll(mark, `${mark}1`).replaceAll('\0', `${mark}0`)
}

/** As it was given. */
export function fromStored(stored: string): string {
  if (!stored.includes(mark)) return stored
  return stored.replaceAll(`${mark}0`, '\0').replaceAll(`${mark}1`, mark)
}

const textType = 25
const headLength = 20

/**
 * Texts as they are stored, as one parameter of type `text[]` in PostgreSQL's binary format: written once, where `pg`
 * would escape and quote each.
 */
export function storedTexts(texts: readonly string[]): Buffer {
  const stored = texts.map(toStored)
  const lengths = stored.map((text) => Buffer.byteLength(text))
  const packed = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, headLength))
  // How many dimensions, no NULL in it, the type, how many in that dimension, counted from 1.
  const head = [1, 0, textType, texts.length, 1]
  for (const [at, number] of head.entries()) packed.writeInt32BE(number, at * 4)
  let at = headLength
  for (const [index, text] of stored.entries()) {
    packed.writeInt32BE(lengths[index] as number, at)
    at += 4 + packed.write(text, at + 4)
  }
  return packed
}
