import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

const beyond = 8

interface VirtualRowsProps<Item> {
  readonly items: readonly Item[]
  readonly keyOf: (item: Item) => string
  readonly row: (item: Item, index: number) => ComponentChildren
  /** Stays at the top. */
  readonly head: ComponentChildren
  /** Called when the end comes near. */
  readonly onEnd?: () => void
  /** Called when it was scrolled to, or away from, the top. */
  readonly onTop?: (isTop: boolean) => void
  /** Scrolled into view. */
  readonly focused?: number
  readonly label: string
}

/** A table of rows of one height (`--row` of the page), of which only those in view are there. */
export function VirtualRows<Item>(props: VirtualRowsProps<Item>) {
  const { items, keyOf, row, head, onEnd, onTop, focused = -1 } = props
  const box = useRef<HTMLDivElement>(null)
  const view = useSignal({ top: 0, height: 800, row: 34 })

  const measure = () => {
    const element = box.current
    if (!element) return
    const rowHeight = Number.parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 34
    view.value = { top: element.scrollTop, height: element.clientHeight, row: rowHeight }
    onTop?.(element.scrollTop < rowHeight)
    if (element.scrollTop + element.clientHeight > element.scrollHeight - 10 * rowHeight) onEnd?.()
  }
  useEffect(() => {
    measure()
    const resized = new ResizeObserver(measure)
    if (box.current) resized.observe(box.current)
    return () => resized.disconnect()
  }, [items])

  useEffect(() => {
    const element = box.current
    if (!element || focused < 0) return
    const { row: height } = view.value
    const headHeight = element.firstElementChild?.clientHeight ?? 0
    const top = focused * height
    const room = element.clientHeight - headHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + height > element.scrollTop + room) element.scrollTop = top + height - room
  }, [focused])

  const { top, height, row: rowHeight } = view.value
  const first = Math.max(0, Math.floor(top / rowHeight) - beyond)
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + beyond)
  return (
    <div
      class="rows"
      role="table"
      aria-label={props.label}
      aria-rowcount={items.length}
      ref={box}
      onScroll={measure}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
      tabIndex={0}
    >
      <div class="rows-head" role="rowgroup">
        {head}
      </div>
      <div class="rows-inside" role="rowgroup" style={{ height: `${items.length * rowHeight}px` }}>
        <div role="presentation" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {items.slice(first, last).map((item, at) => (
            <Row key={keyOf(item)}>{row(item, first + at)}</Row>
          ))}
        </div>
      </div>
    </div>
  )
}

/** A key of its own for each row. */
function Row({ children }: { readonly children: ComponentChildren }) {
  return <>{children}</>
}
