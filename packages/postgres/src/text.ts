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
