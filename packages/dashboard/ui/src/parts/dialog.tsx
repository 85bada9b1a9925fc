import { signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { type AskedField, DialogField } from './dialog-field.tsx'
import { Icon } from './icon.tsx'

export interface Question {
  readonly title: string
  readonly text: ComponentChildren
  /** What the button says: a verb. */
  readonly action: string
  readonly danger?: boolean
  /** Has to be typed first. */
  readonly typed?: string
  /** What goes along. */
  readonly field?: AskedField
  /** Does it, with what is in the field. What it resolves with is against it, is shown, and the question stays. */
  readonly send?: (value: string) => Promise<string | undefined>
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
  const fieldProblem = useSignal<string | undefined>(undefined)
  const refused = useSignal<string | undefined>(undefined)
  const busy = useSignal(false)
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  const ready =
    !busy.value &&
    (asked.typed === undefined || typed.value === asked.typed) &&
    (!asked.field?.required || field.value.trim() !== '')
  const submit = async (event: Event) => {
    event.preventDefault()
    if (!ready) return
    const value = field.value.trim()
    refused.value = undefined
    fieldProblem.value = asked.field?.check?.(value)
    if (fieldProblem.value !== undefined) return
    busy.value = true
    refused.value = await asked.send?.(value)
    busy.value = false
    if (refused.value === undefined) asked.answer(value)
  }
  const change = (text: string) => {
    field.value = text
    fieldProblem.value = undefined
    refused.value = undefined
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="question" onClose={() => asked.answer(undefined)}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <h2 id="question">{asked.title}</h2>
        <div class="dialog-text">{asked.text}</div>
        {asked.field ? (
          <DialogField field={asked.field} text={field.value} problem={fieldProblem.value} change={change} />
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
        {refused.value === undefined ? null : (
          <p class="dialog-refused" role="alert">
            <Icon name="warning" /> {refused.value}
          </p>
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
