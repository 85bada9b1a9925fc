import { SchemaField } from '../../parts/schema-field.tsx'
import type { TypedInput } from './typed-input.ts'

/** Where the input of a task is typed. */
export function InputFields({
  typed,
  checked,
}: {
  readonly typed: TypedInput
  /** Whether the input is checked before it is sent. */
  readonly checked: boolean
}) {
  if (typed.asJson) return <JsonField typed={typed} checked={checked} />
  if (typed.fields.length === 0) return <p class="faint">It takes no input.</p>
  return (
    <>
      {typed.fields.map((field) => (
        <SchemaField
          key={field.name ?? ''}
          field={field}
          text={typed.textOf(field)}
          problem={typed.problemOf(field)}
          change={(text) => typed.change(field, text)}
        />
      ))}
    </>
  )
}

function JsonField({ typed, checked }: { readonly typed: TypedInput; readonly checked: boolean }) {
  const hint = checked ? 'Checked by its schema before it is sent.' : 'Checked by the worker that takes it.'
  return (
    <label class="field">
      <span>Input, as JSON</span>
      <textarea
        class="mono"
        rows={8}
        spellcheck={false}
        value={typed.json}
        placeholder={'{"x": 1}'}
        aria-invalid={typed.jsonProblem !== ''}
        onInput={(event) => typed.changeJson(event.currentTarget.value)}
      />
      <small class={typed.jsonProblem ? 'bad' : 'faint'}>
        {typed.jsonProblem || `${hint} Empty: no input.`}
      </small>
    </label>
  )
}
