import type { Field } from '../lib/schema-form.ts'

/** One field of a form that was made from a JSON Schema. */
export function SchemaField({
  field,
  text,
  problem,
  change,
}: {
  readonly field: Field
  readonly text: string
  readonly problem: string | undefined
  readonly change: (text: string) => void
}) {
  const { name = 'Input', required, hint, kind } = field
  return (
    <div class="field">
      <label for={idOf(field)}>
        <span class="mono">{name}</span>
        {required ? null : <span class="faint"> optional</span>}
      </label>
      <Control field={field} text={text} invalid={problem !== undefined} change={change} />
      {problem !== undefined || hint !== '' ? (
        <small class={problem === undefined ? 'faint' : 'bad'}>{problem ?? hint}</small>
      ) : null}
      {kind === 'json' && problem !== undefined && hint !== '' ? <small class="faint">{hint}</small> : null}
    </div>
  )
}

function idOf({ name = '' }: Field): string {
  return `field-${name}`
}

function Control({
  field,
  text,
  invalid,
  change,
}: {
  readonly field: Field
  readonly text: string
  readonly invalid: boolean
  readonly change: (text: string) => void
}) {
  const { kind, choices, required, first } = field
  const shared = { id: idOf(field), value: text, 'aria-invalid': invalid }
  if (kind === 'choice') {
    return (
      <select {...shared} onChange={(event) => change(event.currentTarget.value)}>
        {required && first !== '' ? null : <option value="">{required ? 'Choose one' : 'not said'}</option>}
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice.startsWith('"') ? String(JSON.parse(choice)) : choice}
          </option>
        ))}
      </select>
    )
  }
  if (kind === 'long' || kind === 'json') {
    return (
      <textarea
        class={kind === 'json' ? 'mono' : ''}
        rows={kind === 'json' ? 3 : 4}
        spellcheck={false}
        {...shared}
        onInput={(event) => change(event.currentTarget.value)}
      />
    )
  }
  return (
    <input
      {...shared}
      inputMode={kind === 'number' ? 'decimal' : 'text'}
      autocomplete="off"
      spellcheck={false}
      onInput={(event) => change(event.currentTarget.value)}
    />
  )
}
