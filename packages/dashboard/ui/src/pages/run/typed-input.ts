import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { TaskForm } from '../../../../src/wire/task.ts'
import { type Field, fieldsOf, parseJson, toInput } from '../../lib/schema-form.ts'

/** The input of a task as it is typed: into fields where its schema describes itself, or as JSON. */
export interface TypedInput {
  readonly fields: readonly Field[]
  readonly asJson: boolean
  readonly json: string
  readonly jsonProblem: string
  textOf(field: Field): string
  problemOf(field: Field): string | undefined
  change(field: Field, text: string): void
  changeJson(text: string): void
  /** From fields to JSON, with what was typed so far, or back. */
  turn(): void
  /** What was typed, or undefined: then the problems say why not. */
  read(): { readonly input: unknown } | undefined
}

export function useTypedInput({ schema }: TaskForm): TypedInput {
  const fields = useMemo(() => (schema ? fieldsOf(schema) : []), [schema])
  const texts = useSignal<ReadonlyMap<Field, string>>(new Map())
  const problems = useSignal<ReadonlyMap<Field, string>>(new Map())
  const asJson = useSignal(schema === null)
  const json = useSignal('')
  const jsonProblem = useSignal('')
  const readJson = () => {
    if (json.value.trim() === '') return { input: undefined }
    const input = parseJson(json.value)
    if (input !== undefined) return { input }
    jsonProblem.value = 'This is not JSON.'
    return undefined
  }
  return {
    fields,
    asJson: asJson.value,
    json: json.value,
    jsonProblem: jsonProblem.value,
    textOf: (field) => texts.value.get(field) ?? field.first,
    problemOf: (field) => problems.value.get(field),
    change(field, text) {
      texts.value = new Map(texts.value).set(field, text)
    },
    changeJson(text) {
      json.value = text
    },
    turn() {
      if (!asJson.value) {
        const typed = toInput(fields, texts.value)
        if ('input' in typed) json.value = JSON.stringify(typed.input, null, 2)
      }
      asJson.value = !asJson.value
    },
    read() {
      problems.value = new Map()
      jsonProblem.value = ''
      if (asJson.value) return readJson()
      const typed = toInput(fields, texts.value)
      if ('input' in typed) return typed
      problems.value = typed.problems
      return undefined
    },
  }
}
