import { signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

export interface Question {
  readonly title: string
  readonly text: ComponentChildren
  /** What the button says: a verb. */
  readonly action: string
  readonly danger?: boolean
  /** Has to be typed first. */
  readonly typed?: string
  /** A text that goes along. */
  readonly field?: {
    readonly label: string
    readonly placeholder?: string
    readonly value?: string
    readonly required?: boolean
  }
}

interface Asked extends Question {
  answer(value: string | undefined): void
}

const question = signal<Asked | undefined>(undefined)

/** Asks before something is done. Undefined: not to be done; else what was typed into the field, or ''. */
export function ask(asked: Question): Promise<string | undefined> {
  return new Promise((resolve) => {
    question.value?.answer(undefined)
    question.value = {
      ...asked,
      answer(value) {
        question.value = undefined
        resolve(value)
      },
    }
  })
}

/** Where questions appear. Once per page. */
export function Questions() {
  const asked = question.value
  return asked ? <QuestionDialog key={asked.title} asked={asked} /> : null
}

function QuestionDialog({ asked }: { readonly asked: Asked }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const typed = useSignal('')
  const field = useSignal(asked.field?.value ?? '')
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  const ready =
    (asked.typed === undefined || typed.value === asked.typed) &&
    (!asked.field?.required || field.value.trim() !== '')
  const submit = (event: Event) => {
    event.preventDefault()
    if (ready) asked.answer(field.value.trim())
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="question" onClose={() => asked.answer(undefined)}>
      <form onSubmit={submit}>
        <h2 id="question">{asked.title}</h2>
        <div class="dialog-text">{asked.text}</div>
        {asked.field ? (
          <label class="field">
            <span>{asked.field.label}</span>
            <input
              value={field.value}
              placeholder={asked.field.placeholder ?? ''}
              onInput={(event) => {
                field.value = event.currentTarget.value
              }}
            />
          </label>
        ) : null}
        {asked.typed === undefined ? null : (
          <label class="field">
            <span>
              Type <code>{asked.typed}</code> to confirm
            </span>
            <input
              value={typed.value}
              autocomplete="off"
              spellcheck={false}
              onInput={(event) => {
                typed.value = event.currentTarget.value
              }}
            />
          </label>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={() => asked.answer(undefined)}>
            Cancel
          </button>
          <button type="submit" class={asked.danger ? 'button danger' : 'button primary'} disabled={!ready}>
            {asked.action}
          </button>
        </div>
      </form>
    </dialog>
  )
}
