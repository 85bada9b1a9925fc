import type { Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

interface ShortcutsProps {
  readonly open: Signal<boolean>
  readonly places: readonly { readonly name: string; readonly key: string }[]
}

const others: readonly (readonly [string, string])[] = [
  ['n', 'Run a task'],
  ['/', 'Search'],
  ['j k', 'Next, previous task'],
  ['Enter', 'Open the task'],
  ['x', 'Select the task'],
  ['Escape', 'Select nothing'],
  ['?', 'This list'],
]

export function Shortcuts({ open, places }: ShortcutsProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const shown = open.value
  useEffect(() => {
    if (shown) dialog.current?.showModal()
  }, [shown])
  if (!shown) return null
  const close = () => {
    open.value = false
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="shortcuts" onClose={close}>
      <h2 id="shortcuts">Keyboard shortcuts</h2>
      <dl class="shortcuts">
        {places.map(({ name, key }) => (
          <div key={key}>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{name}</dd>
          </div>
        ))}
        {others.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  )
}
