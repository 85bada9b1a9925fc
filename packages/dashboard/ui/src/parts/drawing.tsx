import type { ComponentChildren } from 'preact'

interface DrawingProps {
  readonly look: string
  /** How large it is shown. */
  readonly size: number
  /** How large it was drawn. */
  readonly box: number
  /** How thick its lines were drawn. */
  readonly pen: number
  readonly children: ComponentChildren
}

/** Lines in the colour of the text around them: hidden from those who cannot see them, so words have to say the same. */
export function Drawing({ look, size, box, pen, children }: DrawingProps) {
  return (
    <svg
      class={look}
      width={size}
      height={size}
      viewBox={`0 0 ${box} ${box}`}
      fill="none"
      stroke="currentColor"
      stroke-width={pen}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  )
}
