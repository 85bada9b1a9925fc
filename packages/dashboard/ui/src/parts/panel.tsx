import type { ComponentChildren } from 'preact'

/** A part of a page with a border around it. */
export function Panel({
  title,
  children,
}: {
  readonly title?: ComponentChildren
  readonly children: ComponentChildren
}) {
  return (
    <section class="panel">
      {title === undefined ? null : <h2>{title}</h2>}
      {children}
    </section>
  )
}
