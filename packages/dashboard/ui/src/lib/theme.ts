import { effect, signal } from '@preact/signals'

export type Theme = 'auto' | 'light' | 'dark'
const key = 'tq-theme'
const order: readonly Theme[] = ['auto', 'light', 'dark']

export const theme = signal<Theme>(read())

/** Rises when colours change, by us or by the system: what is painted has to be painted anew. */
export const themeChanges = signal(0)

export function nextTheme(): void {
  theme.value = order[(order.indexOf(theme.value) + 1) % order.length] ?? 'auto'
}

effect(() => {
  document.documentElement.dataset['theme'] = theme.value
  try {
    localStorage.setItem(key, theme.value)
  } catch {
    // No storage: it is chosen anew each time.
  }
  themeChanges.value = themeChanges.peek() + 1
})

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  themeChanges.value++
})

function read(): Theme {
  try {
    const kept = localStorage.getItem(key)
    return order.find((one) => one === kept) ?? 'auto'
  } catch {
    return 'auto'
  }
}
