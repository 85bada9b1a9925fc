import { useSignal } from '@preact/signals'
import { copyText } from '../lib/copy.ts'
import { Icon } from './icon.tsx'

export function CopyButton({ text, what }: { readonly text: () => string; readonly what: string }) {
  const copied = useSignal(false)
  const copy = async () => {
    copied.value = await copyText(text())
    setTimeout(() => {
      copied.value = false
    }, 1_500)
  }
  return (
    <button
      type="button"
      class="button quiet small"
      onClick={() => void copy()}
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
    >
      <Icon name={copied.value ? 'check' : 'copy'} size={14} />
    </button>
  )
}
