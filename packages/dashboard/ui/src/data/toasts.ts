import { signal } from '@preact/signals'

export interface Toast {
  readonly id: number
  readonly tone: 'ok' | 'bad'
  readonly text: string
}

export const toasts = signal<readonly Toast[]>([])
const shownMs = 6_000
let last = 0

/** Says for a while what came of something. What went wrong, twice as long. */
export function toast(tone: Toast['tone'], text: string): void {
  const id = ++last
  toasts.value = [...toasts.value.slice(-3), { id, tone, text }]
  setTimeout(() => dismiss(id), tone === 'bad' ? shownMs * 2 : shownMs)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id)
}
