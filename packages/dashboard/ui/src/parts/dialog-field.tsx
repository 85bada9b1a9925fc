export interface AskedField {
  readonly label: string
  readonly placeholder?: string
  readonly value?: string
  readonly required?: boolean
  /** To choose from, in place of typing. */
  readonly choices?: readonly (readonly [value: string, text: string])[]
  /** What is wrong with a text; undefined where nothing is. Asked when it is to be sent. */
  readonly check?: (text: string) => string | undefined
  /** What is understood by a text, or may be typed. Told below it, as it is typed. */
  readonly hint?: (text: string) => string
}

/** The field of a question. */
export function DialogField({
  field: { label, placeholder = '', choices, hint },
  text,
  problem,
  change,
}: {
  readonly field: AskedField
  readonly text: string
  readonly problem: string | undefined
  readonly change: (text: string) => void
}) {
  const said = problem ?? hint?.(text)
  const shared = {
    id: 'question-field',
    value: text,
    'aria-invalid': problem !== undefined,
    'aria-describedby': said === undefined ? undefined : 'question-hint',
  }
  return (
    <div class="field">
      <label for="question-field">{label}</label>
      {choices ? (
        <select {...shared} onChange={(event) => change(event.currentTarget.value)}>
          {text === '' ? <option value="">Choose one</option> : null}
          {choices.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...shared}
          placeholder={placeholder}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => change(event.currentTarget.value)}
        />
      )}
      {said === undefined ? null : (
        <small
          id="question-hint"
          class={problem === undefined ? 'faint' : 'bad'}
          role={problem === undefined ? undefined : 'alert'}
        >
          {said}
        </small>
      )}
    </div>
  )
}
