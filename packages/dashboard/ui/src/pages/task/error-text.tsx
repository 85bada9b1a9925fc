import type { FailedAttempt } from '../../../../src/wire/task.ts'
import { CopyButton } from '../../parts/copy-button.tsx'

/** An error, and its stack. */
export function ErrorText({
  error: { name, message, code, stack },
  open,
}: {
  readonly error: FailedAttempt['error']
  /** Whether the stack is unfolded. */
  readonly open: boolean
}) {
  return (
    <div class="error-text">
      <p class="error-message">
        <strong>{name}</strong>
        {code ? <span class="tag">{code}</span> : null} {message}
      </p>
      {stack ? (
        <details open={open}>
          <summary>Stack</summary>
          <div class="stack-box">
            <CopyButton what="stack" text={() => stack} />
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
            <pre tabIndex={0}>{stack}</pre>
          </div>
        </details>
      ) : null}
    </div>
  )
}
