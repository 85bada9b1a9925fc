import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { Icon, type IconName } from './icon.tsx'

interface ActionButtonProps {
  /** What is done. Pressed again before it has ended, nothing happens. */
  readonly run: () => unknown
  readonly icon?: IconName
  readonly tone?: 'primary' | 'danger' | 'quiet'
  readonly small?: boolean
  readonly disabled?: boolean
  /** What is read out, where the words on it would not tell which one of many it is. */
  readonly label?: string
  readonly title?: string
  readonly children?: ComponentChildren
}

/** A button that does something. */
export function ActionButton({
  run,
  icon,
  tone,
  small,
  disabled,
  label,
  title,
  children,
}: ActionButtonProps) {
  const underWay = useRef(false)
  const press = async () => {
    if (underWay.current) return
    underWay.current = true
    try {
      await run()
    } finally {
      underWay.current = false
    }
  }
  return (
    <button
      type="button"
      class={['button', tone, small ? 'small' : undefined].filter(Boolean).join(' ')}
      disabled={disabled ?? false}
      aria-label={label}
      title={title}
      onClick={() => void press()}
    >
      {icon === undefined ? null : <Icon name={icon} size={14} />}
      {children}
    </button>
  )
}
