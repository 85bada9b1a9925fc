/** Values under such names are never shown. Compared without case, dashes and underscores. */
const secretNames = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'token',
  'apikey',
  'accesskey',
  'privatekey',
  'authorization',
  'auth',
  'cookie',
  'credential',
  'session',
  'signature',
  'ssn',
  'creditcard',
  'cardnumber',
  'cvv',
  'cvc',
  'pin',
  'iban',
] as const

/** Short ones would be found in the middle of innocent words. */
const wholeOnly: ReadonlySet<string> = new Set(['pwd', 'auth', 'session', 'pin', 'ssn', 'cvv', 'cvc', 'iban'])
const within = secretNames.filter((name) => !wholeOnly.has(name))

export const redacted = '[redacted]'

/** Whether the value under this name is a secret, by its name. */
export type IsSecret = (name: string) => boolean

/** @param more further names of the application's */
export function secretsBy(more: readonly string[] = []): IsSecret {
  const plain = (name: string) => name.replace(/[-_.\s]/g, '').toLowerCase()
  const own = more.map(plain).filter((name) => name !== '')
  const known = new Map<string, boolean>()
  const look = (name: string) => {
    const text = plain(name)
    return (
      wholeOnly.has(text) || within.some((one) => text.includes(one)) || own.some((one) => text.includes(one))
    )
  }
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const secret = look(name)
    // Names come from payloads: some use ids as names.
    if (known.size < 1_000) known.set(name, secret)
    return secret
  }
}

/** What a preview may hold at most. */
export interface PreviewLimits {
  readonly depth: number
  readonly entries: number
  readonly text: number
  /** Of the whole, in characters of JSON. */
  readonly length: number
}

const ofArguments: PreviewLimits = { depth: 4, entries: 20, text: 200, length: 1_000 }

/**
 * A value as people may see it, as JSON text: secrets left out by their names, long texts and lists cut short. Always
 * valid JSON, never much longer than the limit.
 */
export function preview(value: unknown, isSecret: IsSecret, limits: PreviewLimits = ofArguments): string {
  if (value === undefined) return 'null'
  if (countHarmless(value, isSecret, limits, 0) >= 0) {
    // Nearly all are small and without secrets: then the preview is the value.
    const json = JSON.stringify(value)
    if (json.length <= limits.length) return json
  }
  const writer = new PreviewWriter(isSecret, limits)
  writer.write(value, 0)
  return writer.text
}

/** More than so many values are not worth a look ahead. */
const mostHarmless = 100

/** How many values there are in it; -1 when one of them would be changed, or there are many. */
function countHarmless(value: unknown, isSecret: IsSecret, limits: PreviewLimits, depth: number): number {
  if (typeof value === 'string') return value.length <= limits.text ? 1 : -1
  if (typeof value !== 'object' || value === null) return value === undefined ? -1 : 1
  if (depth >= limits.depth) return -1
  let count = 1
  if (Array.isArray(value)) {
    // By number: names of a list's places would be made as texts, for every task.
    if (value.length > limits.entries) return -1
    for (let at = 0; at < value.length; at++) {
      const inside = countHarmless(value[at], isSecret, limits, depth + 1)
      count += inside
      if (inside < 0 || count > mostHarmless) return -1
    }
    return count
  }
  let entries = 0
  for (const name in value) {
    if (++entries > limits.entries || name.length > 100 || isSecret(name)) return -1
    const one = (value as Readonly<Record<string, unknown>>)[name]
    const inside = typeof one === 'number' ? 1 : countHarmless(one, isSecret, limits, depth + 1)
    count += inside
    if (inside < 0 || count > mostHarmless) return -1
  }
  return count
}

/** The same value with its secrets left out, at any depth; nothing is cut. */
export function redact(value: unknown, isSecret: IsSecret): unknown {
  if (Array.isArray(value)) return value.map((one) => redact(one, isSecret))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, isSecret(name) ? redacted : redact(one, isSecret)]),
  )
}

class PreviewWriter {
  text = ''
  readonly #isSecret: IsSecret
  readonly #limits: PreviewLimits

  constructor(isSecret: IsSecret, limits: PreviewLimits) {
    this.#isSecret = isSecret
    this.#limits = limits
  }

  write(value: unknown, depth: number): void {
    if (typeof value === 'string') this.#writeText(value)
    else if (typeof value !== 'object' || value === null) this.text += JSON.stringify(value) ?? 'null'
    else if (depth >= this.#limits.depth) this.text += Array.isArray(value) ? '"[…]"' : '"{…}"'
    else if (Array.isArray(value)) this.#writeList(value, depth)
    else this.#writeObject(value as Readonly<Record<string, unknown>>, depth)
  }

  #writeText(value: string): void {
    const { text } = this.#limits
    this.text += JSON.stringify(value.length > text ? `${value.slice(0, text)}…` : value)
  }

  #writeList(list: readonly unknown[], depth: number): void {
    this.text += '['
    for (const [index, one] of list.entries()) {
      if (index > 0) this.text += ','
      if (this.#isFull(index)) {
        this.text += `"… ${list.length - index} more"`
        break
      }
      this.write(one, depth + 1)
    }
    this.text += ']'
  }

  #writeObject(value: Readonly<Record<string, unknown>>, depth: number): void {
    this.text += '{'
    let index = 0
    for (const name in value) {
      if (index > 0) this.text += ','
      if (this.#isFull(index)) {
        this.text += '"…":"more"'
        break
      }
      this.text += `${JSON.stringify(name.slice(0, 100))}:`
      if (this.#isSecret(name)) this.text += `"${redacted}"`
      else this.write(value[name], depth + 1)
      index++
    }
    this.text += '}'
  }

  #isFull(entries: number): boolean {
    return entries >= this.#limits.entries || this.text.length >= this.#limits.length
  }
}
