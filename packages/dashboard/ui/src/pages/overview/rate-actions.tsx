import type { RateLimitRow, WorkerAnswers } from '../../../../src/wire/overview.ts'
import { act, refusalOf, refusals } from '../../data/actions.ts'
import { rateProblem, rateText } from '../../lib/rate.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { ask } from '../../parts/dialog.tsx'

/** Changes the rate of a task, and takes the change back. */
export function RateActions({ limit: { task, defined, changed } }: { readonly limit: RateLimitRow }) {
  const change = () =>
    ask({
      title: `Rate limit of '${task}'`,
      text: defined ? (
        <>
          <p>
            At most so many starts in a time, on all workers together
            {defined.perKey ? ', for each key on its own' : ''}. Its definition says{' '}
            <strong>{rateText(defined)}</strong>.
          </p>
          <p>What is over it is put off, not lost. It holds until it is changed again.</p>
        </>
      ) : (
        'No definition that is known has a rate limit for it: workers keep to it only where theirs has one.'
      ),
      action: 'Set',
      field: {
        label: 'At most',
        value: changed ?? (defined ? rateText(defined) : ''),
        placeholder: '100/m',
        required: true,
        check: rateProblem,
        hint: () => 'Per s, m, h or d, such as 100/m.',
      },
      send: (rate) => refusalOf('limit-rate', { task, rate }, obeyed(`${task}: at most ${rate}`)),
    })
  const takeBack = () => act('limit-rate', { task }, defined ? `${task}: as defined` : `${task}: taken back`)
  return (
    <>
      <ActionButton run={change} icon="gauge" small label={`Change the rate limit of ${task}`}>
        Change
      </ActionButton>
      {changed === null ? null : (
        <ActionButton run={takeBack} icon="undo" small label={`Rate limit of ${task} as defined`}>
          {defined ? 'As defined' : 'Take back'}
        </ActionButton>
      )}
    </>
  )
}

/** Workers that do not know the task have nothing to keep to: only when none does, something is wrong. */
function obeyed(done: string): (answer: WorkerAnswers) => string | { readonly refused: string } {
  return ({ answers }) => {
    const refused = answers.filter(({ error }) => error !== undefined)
    return answers.length > 0 && refused.length === answers.length ? { refused: refusals(refused) } : done
  }
}
