import { dateTime, duration } from './format.ts'

/** A time somebody typed, as the API takes it. */
export type Moment = { readonly countdown: string } | { readonly eta: string }

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `10m`, `18:30` (the next one), or `2026-11-26 18:30`, by this browser's clock; undefined for anything else. */
export function parseMoment(
  text: string,
  now: number,
): { readonly at: number; readonly moment: Moment } | undefined {
  const length = /^(\d+(?:\.\d+)?)\s?(ms|s|m|h|d|w)$/.exec(text)
  if (length)
    return {
      at: now + Number(length[1]) * unitMs[length[2] as keyof typeof unitMs],
      moment: { countdown: text },
    }
  const at = /^\d\d?:\d\d$/.test(text) ? nextTime(text, now) : parseDate(text)
  return at === undefined ? undefined : { at, moment: { eta: new Date(at).toISOString() } }
}

function nextTime(text: string, now: number): number | undefined {
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  if (hours > 23 || minutes > 59) return undefined
  const next = new Date(now)
  next.setHours(hours, minutes, 0, 0)
  if (next.getTime() <= now) next.setDate(next.getDate() + 1)
  return next.getTime()
}

/** Only what begins with a whole date: browsers make something of nearly every text. */
function parseDate(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d?:\d\d/.test(text)) return undefined
  const at = new Date(text.replace(' ', 'T')).getTime()
  return Number.isNaN(at) ? undefined : at
}

/** What was understood, for whoever types it. */
export function momentWords(text: string, now: number): string {
  const found = parseMoment(text.trim(), now)
  if (!found) return 'In so long, such as 10m or 2h; or a time, such as 18:30 or 2026-11-26 18:30.'
  const waitMs = found.at - now
  return waitMs <= 0 ? 'At once: that time has passed.' : `${dateTime(found.at)}, in ${duration(waitMs)}.`
}
