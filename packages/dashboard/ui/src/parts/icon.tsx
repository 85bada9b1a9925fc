import type { JSX } from 'preact'
import { Drawing } from './drawing.tsx'

const shapes = {
  overview: <path d="M3 13h4V7H3zm5 0h4V3H8zm5 0h0" />,
  gauge: <path d="M2.5 11.5a5.5 5.5 0 1 1 11 0M8 11.5l2.6-4" />,
  tasks: <path d="M2.5 4h11M2.5 8h11M2.5 12h7" />,
  queues: <path d="M2.5 3.5h11v3h-11zM2.5 9.5h11v3h-11zM5 5h0M5 11h0" />,
  workers: (
    <path d="M5 5h6v6H5zM6.5 2.5V5m3-2.5V5m-3 6v2.5m3-2.5v2.5M2.5 6.5H5m-2.5 3H5m6-3h2.5m-2.5 3h2.5" />
  ),
  schedules: <path d="M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 5v3.2l2.2 1.3" />,
  workflows: <path d="M2.5 6.5h3v3h-3zM10.5 2.5h3v3h-3zM10.5 10.5h3v3h-3zM5.5 8H8V4h2.5M8 8v4h2.5" />,
  dead: <path d="M8 2.5l6 10.5H2zM8 6.5v3M8 11.3h0" />,
  activity: <path d="M2.5 8H5l1.6-4.5L9.4 12.5 11 8h2.5" />,
  sun: (
    <path d="M8 5.3a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4zM8 1.8v1.4m0 9.6v1.4M1.8 8h1.4m9.6 0h1.4M3.6 3.6l1 1m6.8 6.8l1 1m0-8.8l-1 1m-6.8 6.8l-1 1" />
  ),
  moon: <path d="M13 9.7A5.4 5.4 0 0 1 6.3 3a5.4 5.4 0 1 0 6.7 6.7z" />,
  auto: <path d="M8 2.5a5.5 5.5 0 1 1 0 11zm0 0v11M8 2.5a5.5 5.5 0 0 0 0 11" />,
  copy: <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />,
  check: <path d="M3 8.5l3.2 3.2L13 4.8" />,
  close: <path d="M4 4l8 8m0-8l-8 8" />,
  retry: <path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3" />,
  undo: <path d="M5.5 3L2.5 6l3 3M2.8 6h6.4a3.6 3.6 0 0 1 0 7.2H6" />,
  order: <path d="M5 13V3.5M2.5 6L5 3.5 7.5 6M10 4.5h4M10 8h3M10 11.5h2" />,
  stop: <path d="M4 4h8v8H4z" />,
  pause: <path d="M5.5 3.5v9m5-9v9" />,
  play: <path d="M5 3.2l7.5 4.8L5 12.8z" />,
  trash: <path d="M3 4.5h10M6.5 4.5v-2h3v2m-5 0l.6 9h5.8l.6-9" />,
  search: <path d="M7 2.8a4.2 4.2 0 1 1 0 8.4 4.2 4.2 0 0 1 0-8.4zm3.1 7.3l3.4 3.4" />,
  keyboard: <path d="M1.8 4h12.4v8H1.8zM4.3 6.6h0m2.5 0h0m2.5 0h0m2.5 0h0M5 9.6h6" />,
  chevron: <path d="M6 3.5L10.5 8 6 12.5" />,
  warning: <path d="M8 2.5l6 10.5H2zM8 6.5v3M8 11.3h0" />,
  info: <path d="M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 7.5v3.2M8 5.2h0" />,
  plus: <path d="M8 3v10M3 8h10" />,
  minus: <path d="M3 8h10" />,
  worker: <path d="M5 5h6v6H5z" />,
} as const satisfies Record<string, JSX.Element>

export type IconName = keyof typeof shapes

/** A picture beside words that say the same. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <Drawing look="icon" size={size} box={16} pen={1.4}>
      {shapes[name]}
    </Drawing>
  )
}
